//! Handlers of servers that the application does not have.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use nestrs::Microservice;
use nestrs::microservices::{MemoryHub, MemoryMicroserviceOptions};
use nestrs::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::common::create;

#[injectable]
struct Sensors;

#[micro_routes]
impl Sensors {
    #[event_pattern("sensors/+", transport = "mqtt")]
    async fn measured(&self) {}

    #[message_pattern("purge", transport = "internal")]
    async fn purge(&self) {}

    #[message_pattern("read", transport = "tcp")]
    async fn read(&self) {}
}

#[module(microservices = [Sensors])]
struct SensorsModule;

/// The warnings there are.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Warnings {
    fn record_debug(&mut self, _: &Field, value: &dyn Debug) {
        self.0.lock().unwrap().push(format!("{value:?}"));
    }
}

#[tokio::test]
async fn a_handler_that_no_server_calls_is_named_at_the_start() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let app = create::<SensorsModule>().start().await.unwrap();
    app.shutdown().await;
    let seen = std::mem::take(&mut *warnings.0.lock().unwrap());
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen[0].contains("Sensors::measured (") && seen[0].contains("servers are `tcp`"));
    assert!(seen[1].contains("Sensors::purge (") && seen[1].contains("`.named(\"internal\")`"));

    let internal = MemoryMicroserviceOptions::new(&MemoryHub::new());
    let app = create::<SensorsModule>()
        .connect_microservice(Microservice::new(internal).named("internal"));
    app.start().await.unwrap().shutdown().await;
    let seen = warnings.0.lock().unwrap().clone();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

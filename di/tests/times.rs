//! How long each constructor and each hook took, as events at debug.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use common::container;
use nestrs_di::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

type Fields = BTreeMap<&'static str, String>;

/// Keeps the container's events.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<Fields>>>);

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("nestrs_di") && *metadata.level() == Level::DEBUG
    }

    fn event(&self, event: &Event<'_>) {
        struct Visitor(Fields);
        impl Visit for Visitor {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0.insert(field.name(), format!("{value:?}"));
            }
        }
        let mut visitor = Visitor(Fields::new());
        event.record(&mut visitor);
        self.0.lock().unwrap().push(visitor.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Pool;
#[injectable]
impl Pool {
    #[constructor]
    async fn connect() -> Self {
        Self
    }
}
impl OnModuleInit for Pool {
    async fn on_module_init(&self) -> Result<(), HookError> {
        Ok(())
    }
}
impl OnModuleDestroy for Pool {
    async fn on_module_destroy(&self) -> Result<(), HookError> {
        Err("would not close".into())
    }
}

#[module(providers = [Pool])]
struct App;

#[tokio::test]
async fn each_constructor_and_each_hook_says_how_long_it_took() {
    let events = Events::default();
    let _listening = tracing::subscriber::set_default(events.clone());
    let app = container::<App>().await;
    app.init().await.unwrap();
    app.destroy().await.unwrap_err();

    let events = events.0.lock().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|fields| {
            let field = |name| fields.get(name).map_or("", String::as_str);
            assert!(field("took").ends_with('s'), "{fields:?}");
            (field("provider"), field("hook"), field("ok"))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("Pool", "", "true"),
            ("Pool", "on_module_init", "true"),
            ("Pool", "on_module_destroy", "false"),
        ]
    );
}

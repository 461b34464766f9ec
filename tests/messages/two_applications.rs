//! Two applications in one process are as apart as in two.

use std::sync::Arc;

use nestrs::prelude::*;
use serde_json::json;

use crate::common::{Journal, client, start, written};

/// Its address tells one from another.
#[injectable]
struct Single {
    _bus: Arc<EventBus>,
}

#[injectable]
struct Service {
    single: Arc<Single>,
    bus: Arc<EventBus>,
}

#[micro_routes]
impl Service {
    #[message_pattern("addresses")]
    async fn addresses(&self) -> [usize; 2] {
        [
            Arc::as_ptr(&self.single).addr(),
            Arc::as_ptr(&self.bus).addr(),
        ]
    }

    #[message_pattern("publish")]
    async fn publish(&self, text: String) {
        self.bus.publish("said", json!(text)).await;
    }
}

#[injectable]
struct Ear {
    single: Arc<Single>,
}

#[event_routes]
impl Ear {
    #[on_event("said")]
    async fn hear(&self, text: String) {
        let address = Arc::as_ptr(&self.single).addr();
        Journal::write(format!("{address} hears {text}"));
    }
}

#[module(providers = [Single, Ear], microservices = [Service])]
struct AppModule;

/// The same handlers, without the ear.
#[module(providers = [Single], microservices = [Service])]
struct Deaf;

#[tokio::test]
async fn they_share_no_instance() {
    let (one, other) = (start::<AppModule>().await, start::<AppModule>().await);
    let [single, bus]: [usize; 2] = client(&one).send("addresses", &()).await.unwrap();
    let others: [usize; 2] = client(&other).send("addresses", &()).await.unwrap();
    assert_ne!(single, others[0]);
    assert_ne!(bus, others[1]);
    // Within one, everyone has the same.
    let again = client(&one).send("addresses", &()).await;
    assert_eq!(again, Ok([single, bus]));
    assert_eq!(Arc::as_ptr(&one.get::<Single>().unwrap()).addr(), single);
}

#[tokio::test]
async fn what_is_published_in_one_is_not_heard_in_the_other() {
    let (one, _other) = (start::<AppModule>().await, start::<AppModule>().await);
    let ear = Arc::as_ptr(&one.get::<Single>().unwrap()).addr();
    client(&one).send::<_, ()>("publish", "hi").await.unwrap();
    assert_eq!(written(), [format!("{ear} hears hi")]);
}

#[tokio::test]
async fn a_listener_that_is_in_no_module_of_an_application_does_not_hear() {
    let app = start::<Deaf>().await;
    client(&app).send::<_, ()>("publish", "hi").await.unwrap();
    assert_eq!(written(), Vec::<String>::new());
    assert!(app.get::<Ear>().is_none());
}

#[tokio::test]
async fn the_end_of_one_is_not_the_end_of_the_other() {
    let (one, other) = (start::<AppModule>().await, start::<AppModule>().await);
    let client = client(&other);
    one.shutdown().await;
    client.send::<_, ()>("publish", "still here").await.unwrap();
    assert_eq!(written().len(), 1);
}

//! The contract of `node/contract.mjs`, in Rust.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, stream};
use nestrs::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

#[injectable]
pub(crate) struct Contract {
    events: Arc<Events>,
}

/// Every event since the server's start.
pub(crate) struct Events(watch::Sender<Vec<Value>>);

#[derive(Deserialize)]
struct Operands {
    a: i64,
    b: i64,
}

#[derive(Serialize)]
struct Sum {
    result: i64,
}

#[derive(Deserialize)]
struct Slow {
    ms: u64,
}

#[derive(Deserialize)]
struct Count {
    n: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    at_least: usize,
}

#[micro_routes]
impl Contract {
    #[message_pattern("math.add")]
    async fn add(&self, Operands { a, b }: Operands) -> Sum {
        Sum { result: a + b }
    }

    #[message_pattern("echo")]
    async fn echo(&self, data: Value) -> Value {
        data
    }

    #[message_pattern("slow")]
    async fn slow(&self, Slow { ms }: Slow) -> u64 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        ms
    }

    #[message_pattern("fail.string")]
    async fn fail_string(&self) -> Result<(), TransportError> {
        Err(TransportError::new("boom"))
    }

    #[message_pattern("fail.object")]
    async fn fail_object(&self) -> Result<(), TransportError> {
        let error = json!({ "code": 42, "message": "obj boom" });
        Err(TransportError::new("obj boom").with_details(error))
    }

    #[message_pattern("fail.with")]
    async fn fail_with(&self, error: Value) -> Result<(), TransportError> {
        Err(match error {
            Value::String(message) => TransportError::new(message),
            object => TransportError::from_wire(object),
        })
    }

    #[message_pattern("fail.raw")]
    async fn fail_raw(&self, error: Value) -> Result<(), TransportError> {
        Err(TransportError::from_wire(error))
    }

    #[message_pattern("fail.crash")]
    async fn fail_crash(&self) {
        panic!("what a caller must not get to see");
    }

    #[message_pattern("nothing")]
    async fn nothing(&self) {}

    #[message_pattern("null.value")]
    async fn null_value(&self) -> Value {
        Value::Null
    }

    #[message_pattern("stream")]
    async fn stream(&self, Count { n }: Count) -> impl Stream<Item = u64> + use<> {
        stream::iter(0..n)
    }

    #[message_pattern("stream.fail")]
    async fn stream_fail(&self) -> impl Stream<Item = Result<u64, TransportError>> + use<> {
        stream::iter([Ok(0), Err(TransportError::new("late"))])
    }

    #[event_pattern("user.created")]
    async fn user_created(&self, data: Value) {
        self.events.0.send_modify(|events| events.push(data));
    }

    #[message_pattern("events.seen")]
    async fn events_seen(&self, Seen { at_least }: Seen) -> Vec<Value> {
        let mut events = self.events.0.subscribe();
        let seen = events.wait_for(|events| events.len() >= at_least).await;
        seen.expect("the sender is ours").clone()
    }
}

/// Where patterns may be objects, which Kafka's topics may not.
#[injectable]
struct ObjectPatterns;

#[micro_routes]
impl ObjectPatterns {
    #[message_pattern({ "cmd": "sum" })]
    async fn sum(&self, numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }
}

#[module(
    providers = [Provider::value(Events(watch::Sender::default()))],
    microservices = [Contract, ObjectPatterns],
)]
pub(crate) struct ContractModule;

#[module(
    providers = [Provider::value(Events(watch::Sender::default()))],
    microservices = [Contract],
)]
pub(crate) struct NamedContractModule;

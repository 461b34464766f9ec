//! One trait, both sides of it, over the in-memory transport.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use nestrs_core::{Dispatch, Shutdown, TransportServer};
use nestrs_microservices::{
    BoundHandler, ClientConfig, ClientProxy, Dispatcher, MicroCanActivate, ReplyStream,
    TransportError, async_trait, message_contract, micro_routes,
};
use nestrs_transport_memory::{MemoryHub, MemoryMicroserviceOptions, MemoryTransportOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

struct NotDivisible(i64, i64);

impl From<NotDivisible> for TransportError {
    fn from(NotDivisible(a, b): NotDivisible) -> Self {
        Self::new(format!("{a} by {b}"))
    }
}

mod contracts {
    use super::{NotDivisible, ReplyStream, TransportError, message_contract};

    #[message_contract]
    pub(crate) trait Math {
        /// The sum of all numbers.
        #[message_pattern({ "service": "math", "cmd": "sum" }, "math.sum")]
        async fn sum(&self, numbers: Vec<i64>) -> Result<i64, TransportError>;

        #[message_pattern("math.primes")]
        async fn primes(&self) -> ReplyStream<u8>;

        #[message_pattern("math.divide")]
        async fn divide(&self, (a, b): (i64, i64)) -> Result<i64, NotDivisible>;

        #[event_pattern("math.reset")]
        async fn reset(&self, to: i64);
    }
}

use contracts::MathClient;

struct MathService(UnboundedSender<i64>);

#[derive(Default)]
struct NotNegative;

#[async_trait]
impl MicroCanActivate for NotNegative {
    async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
        match payload
            .as_array()
            .is_some_and(|all| all.contains(&json!(-1)))
        {
            true => Err(TransportError::new("Forbidden resource")),
            false => Ok(()),
        }
    }
}

#[micro_routes]
impl contracts::Math for MathService {
    #[use_micro_guards(NotNegative)]
    async fn sum(&self, numbers: Vec<i64>) -> Result<i64, TransportError> {
        Ok(numbers.iter().sum())
    }

    async fn primes(&self) -> ReplyStream<u8> {
        stream::iter([2, 3, 5].map(Ok)).boxed()
    }

    async fn divide(&self, (a, b): (i64, i64)) -> Result<i64, NotDivisible> {
        a.checked_div(b).ok_or(NotDivisible(a, b))
    }

    async fn reset(&self, to: i64) {
        self.0.send(to).unwrap();
    }
}

#[tokio::test]
async fn what_one_side_sends_the_other_handles() {
    let (resets, mut reset) = unbounded_channel();
    let service = Arc::new(MathService(resets));
    let dispatcher = Arc::new(Dispatcher::new(BoundHandler::all_of(&service)).unwrap());
    let mut routes = dispatcher.routes();
    routes.sort();
    let object = r#"{"cmd":"sum","service":"math"}"#;
    assert_eq!(
        routes,
        [
            "math.divide",
            "math.primes",
            "math.reset",
            "math.sum",
            object
        ]
    );

    let hub = MemoryHub::new();
    let server = Box::new(MemoryMicroserviceOptions::new(&hub));
    server.start(dispatcher, Shutdown::new()).await.unwrap();
    let config = ClientConfig::memory("math", MemoryTransportOptions::new(&hub));
    let client = ClientProxy::new(config.transport);
    let math = MathClient::new(client.clone());

    assert_eq!(math.sum(&vec![1, 2]).await, Ok(3));
    assert_eq!(client.send("math.sum", &[1, 2]).await, Ok(3));
    let error = math.sum(&vec![-1]).await.unwrap_err();
    assert_eq!(error.message, "Forbidden resource");
    let primes = math.primes().await.unwrap();
    let primes: Vec<_> = primes.map(Result::unwrap).collect().await;
    assert_eq!(primes, [2, 3, 5]);
    assert_eq!(math.divide(&(6, 3)).await, Ok(2));
    assert_eq!(math.divide(&(6, 0)).await.unwrap_err().message, "6 by 0");
    math.reset(&7).await.unwrap();
    assert_eq!(reset.recv().await, Some(7));
}

//! What a guard, a pipe and an interceptor cost a message, all three.
//!
//! `cargo bench -p nestrs-microservices`. Prints the time of a message without
//! and with them, and fails if the difference is over the budget.
#![allow(clippy::unwrap_used, missing_docs)]

extern crate nestrs_microservices as nestrs;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use nestrs_core::{Answer, Dispatch, Message, MessageKind};
use nestrs_microservices::{
    BoundHandler, Dispatcher, Guard, Incoming, Interceptor, Next, Pipe, TransportError,
    async_trait, micro_routes,
};
use serde_json::Value;

const MESSAGES: u32 = 10_000;
const ROUNDS: usize = 200;
const BUDGET: Duration = Duration::from_nanos(300);

#[derive(Default)]
struct Enhancer;

#[async_trait]
impl Guard for Enhancer {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        match message.payload()? {
            Value::Null => Err(TransportError::new("Forbidden resource")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Pipe for Enhancer {
    async fn transform(&self, payload: Value, _: &Incoming) -> Result<Value, TransportError> {
        Ok(payload)
    }
}

#[async_trait]
impl Interceptor for Enhancer {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        next.run(message).await
    }
}

struct Service;

#[micro_routes]
impl Service {
    #[message_pattern("plain")]
    async fn plain(&self, payload: Value) -> Value {
        payload
    }

    #[message_pattern("enhanced")]
    #[use_micro_guards(Enhancer)]
    #[use_micro_pipes(Enhancer)]
    #[use_micro_interceptors(Enhancer)]
    async fn enhanced(&self, payload: Value) -> Value {
        payload
    }
}

/// The time of one message.
fn round(dispatcher: &Dispatcher, pattern: &'static str) -> Duration {
    let start = Instant::now();
    for _ in 0..MESSAGES {
        let message = Message::new(MessageKind::Request, pattern, "7");
        let answer = dispatcher.dispatch(message).now_or_never();
        assert!(matches!(answer, Some(Answer::One(Ok(Some(_))))));
    }
    start.elapsed() / MESSAGES
}

fn main() {
    let dispatcher = Dispatcher::new(BoundHandler::all_of(&Arc::new(Service))).unwrap();
    // In turns, so that whatever else the machine does meets both.
    let rounds = || ["\"plain\"", "\"enhanced\""].map(|pattern| round(&dispatcher, pattern));
    let rounds: Vec<_> = (0..ROUNDS).map(|_| rounds()).collect();
    let quickest = |i: usize| {
        rounds
            .iter()
            .map(|round| round[i])
            .min()
            .unwrap_or_default()
    };
    let (plain, enhanced) = (quickest(0), quickest(1));
    let cost = enhanced.saturating_sub(plain);
    println!("without enhancers {plain:?}, with them {enhanced:?}: {cost:?} for the three");
    assert!(cost <= BUDGET, "{cost:?} is over the budget of {BUDGET:?}");
}

//! Handlers that are known to all tests.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{Answer, Dispatch, Message, MessageKind, Pattern, TransportError, Wildcards};
use nestrs_transport_rabbitmq::RabbitMqContext;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::journal::Journal;

/// Handlers that are known to all tests, under the routes that are asked for.
pub(super) struct Handlers {
    pub(super) routes: Vec<String>,
    pub(super) service: Option<String>,
    pub(super) journal: Journal,
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

struct Items(Vec<Result<Bytes, TransportError>>);

impl futures_core::Stream for Items {
    type Item = Result<Bytes, TransportError>;
    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.is_empty() {
            true => Poll::Ready(None),
            false => Poll::Ready(Some(self.0.remove(0))),
        }
    }
}

fn json(value: impl Into<Value>) -> Bytes {
    Bytes::from(value.into().to_string())
}

fn ok(value: impl Into<Value>) -> Answer {
    Answer::One(Ok(Some(json(value))))
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let pattern = pattern_text(&message.pattern)
            .unwrap_or_default()
            .into_owned();
        let route = Pattern::parse(&pattern);
        let is_known = self
            .routes
            .iter()
            .any(|known| *known == *route || Wildcards::AMQP.matches(known, &route));
        if !is_known {
            return Box::pin(async { Answer::NoHandler });
        }
        let payload: Value = serde_json::from_slice(&message.payload).unwrap();
        let journal = self.journal.clone();
        let context = message.context.native::<RabbitMqContext>().unwrap().clone();
        journal.contexts.lock().unwrap().push(context.clone());
        journal
            .begun
            .send_modify(|begun| begun.push(payload.clone()));
        // The last word says what to do.
        let what = route.rsplit('.').next().unwrap_or_default().to_owned();
        Box::pin(async move {
            let fail = |err| Answer::One(Err(TransportError::from_wire(err)));
            match &*what {
                r#"{"cmd":"sum"}"# | "sum" => {
                    let numbers = payload.as_array().unwrap();
                    ok(numbers.iter().filter_map(Value::as_i64).sum::<i64>())
                }
                "stream" => Answer::Many(Box::pin(Items(vec![Ok(json(1)), Ok(json(2))]))),
                "fail" => fail(json!({ "status": "error", "message": "boom" })),
                "flaky" => {
                    let left = &journal.failures;
                    let fails =
                        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
                    match fails {
                        Ok(_) => fail(json!("flaky")),
                        Err(_) => Answer::Silent,
                    }
                }
                "gated" => {
                    let _running = Running(journal.over.clone());
                    journal.gate.acquire().await.unwrap().forget();
                    ok(payload)
                }
                "context" => ok(json!({
                    "transport": message.context.transport,
                    "headers": message.context.headers,
                    "left": message.context.time_left().map(|left| left.as_secs()),
                    "exchange": context.exchange,
                    "routing_key": context.routing_key,
                    "redelivered": context.redelivered,
                    "priority": context.priority(),
                    "expiration": context.expiration().map(|e| u64::try_from(e.as_millis()).unwrap()),
                })),
                "acks" => {
                    assert!(context.ack());
                    assert!(!context.reject());
                    fail(json!("it is acknowledged all the same"))
                }
                "rejects" => {
                    assert!(context.nack(false));
                    Answer::Silent
                }
                _ => match message.kind {
                    MessageKind::Request => ok(payload),
                    MessageKind::Event => Answer::Silent,
                },
            }
        })
    }

    fn routes(&self) -> Vec<String> {
        self.routes.clone()
    }

    fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }
}

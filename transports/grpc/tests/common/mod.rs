//! A server of known handlers, and who calls it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{
    Answer, Dispatch, ErrorKind, Message, MessageContext, MessageKind, Shutdown, TransportError,
    TransportServer,
};
use nestrs_transport_grpc::{
    GrpcChannel, GrpcContext, GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// What someone else generates from our protocol file.
pub mod foreign {
    include!("../../src/generated/nestrs.v1.rs");
}

/// What the handlers of one server have done.
#[derive(Clone)]
pub struct Handlers {
    /// `gated` waits for it.
    pub gate: Arc<Semaphore>,
    /// A permit for each message that was started.
    pub started: Arc<Semaphore>,
    /// A permit for each `gated` or `endless` that is over, however it ended.
    pub over: Arc<Semaphore>,
    /// How many items of `megabytes` there have been.
    pub produced: Arc<AtomicUsize>,
}

impl Default for Handlers {
    fn default() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        let (gate, started, over) = (none(), none(), none());
        let produced = Arc::default();
        Self {
            gate,
            started,
            over,
            produced,
        }
    }
}

/// Waits until there have been `count` more.
pub async fn until(seen: &Semaphore, count: u32) {
    seen.acquire_many(count)
        .await
        .expect("never closed")
        .forget();
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

pub const MEGABYTE: usize = 1 << 20;

fn item(value: impl Into<Value>) -> Result<Bytes, TransportError> {
    Ok(Bytes::from(value.into().to_string()))
}

fn many(items: Vec<Result<Bytes, TransportError>>) -> Answer {
    Answer::Many(Box::pin(stream::iter(items)))
}

/// What a handler sees of a message's context.
fn shown(context: &MessageContext) -> Value {
    let grpc = context.native::<GrpcContext>();
    json!({
        "transport": context.transport,
        "headers": context.headers,
        "left": context.time_left().map(|left| left.as_secs_f64()),
        "local": grpc.is_some_and(|grpc| grpc.peer.ip().is_loopback()),
        "method": grpc.map(|grpc| grpc.method.to_string()),
        "binary": grpc.and_then(|grpc| grpc.metadata.get_bin("trace-bin")).map(|value| value.to_bytes().unwrap().to_vec()),
    })
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let this = self.clone();
        Box::pin(async move {
            let running = Running(this.over.clone());
            this.started.add_permits(1);
            let fail = |error| Answer::One(Err(TransportError::from_wire(error)));
            match &*pattern_text(&message.pattern).unwrap_or_default() {
                r#"{"cmd":"sum"}"# => {
                    let numbers: Vec<i64> = serde_json::from_slice(&message.payload).unwrap();
                    Answer::One(item(numbers.iter().sum::<i64>()).map(Some))
                }
                "echo" => Answer::One(Ok(Some(message.payload))),
                "kind" => Answer::One(item(message.kind == MessageKind::Event).map(Some)),
                "nothing" => Answer::One(Ok(None)),
                "context" => Answer::One(item(shown(&message.context)).map(Some)),
                "fail" => fail(json!({ "status": "error", "message": "boom" })),
                "notFound" => fail(json!({ "code": 5, "message": "no such order", "id": 7 })),
                "stream" => many(vec![item(1), item(2), item(3)]),
                "empty" => many(Vec::new()),
                "failLate" => many(vec![
                    item(1),
                    Err(TransportError::of_kind(ErrorKind::InvalidPayload, "late")),
                ]),
                "failFirst" => many(vec![Err(TransportError::new("early"))]),
                "megabytes" => {
                    let count: usize = serde_json::from_slice(&message.payload).unwrap();
                    let produced = this.produced.clone();
                    Answer::Many(Box::pin(stream::iter(0..count).map(move |number| {
                        produced.fetch_add(1, Ordering::SeqCst);
                        let number = number.to_string();
                        let padding = "x".repeat(MEGABYTE - number.len() - 3);
                        Ok(Bytes::from(format!("\"{number} {padding}\"")))
                    })))
                }
                "endless" => Answer::Many(Box::pin(stream::pending().map(move |()| {
                    let _running = &running;
                    item(0)
                }))),
                "gated" => {
                    until(&this.gate, 1).await;
                    Answer::One(Ok(Some(message.payload)))
                }
                _ => Answer::NoHandler,
            }
        })
    }

    fn routes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A server that stops with the test.
pub struct Server {
    pub addr: SocketAddr,
    pub handlers: Handlers,
    pub shutdown: Shutdown,
    pub done: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(GrpcMicroserviceOptions::new("127.0.0.1:0")).await
    }

    pub async fn with(options: GrpcMicroserviceOptions) -> Self {
        let (handlers, shutdown) = (Handlers::default(), Shutdown::new());
        let dispatch = Arc::new(handlers.clone());
        let running = Box::new(options)
            .start(dispatch, shutdown.clone())
            .await
            .unwrap();
        Self {
            addr: running.local_addr.unwrap(),
            handlers,
            shutdown,
            done: tokio::spawn(running.done),
        }
    }

    pub fn client(&self) -> GrpcTransport {
        GrpcTransport::new(GrpcTransportOptions::new(self.addr))
    }

    /// For generated clients.
    pub fn channel(&self) -> GrpcChannel {
        GrpcChannel::new(GrpcTransportOptions::new(self.addr))
    }

    /// A client someone else generated.
    pub fn foreign(&self) -> foreign::patterns_client::PatternsClient<GrpcChannel> {
        foreign::patterns_client::PatternsClient::new(self.channel())
    }

    /// Finishes what is in hand.
    pub async fn stop(self) {
        self.shutdown.stop();
        self.done.await.unwrap();
    }
}

/// A message to a foreign client.
pub fn call(pattern: &str, payload: &str) -> tonic::Request<foreign::Message> {
    tonic::Request::new(foreign::Message {
        pattern: pattern.to_owned(),
        payload: payload.to_owned().into(),
    })
}

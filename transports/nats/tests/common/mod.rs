//! A service of known handlers under subjects that no other test has.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, Dispatch, Message, RunningServer, Shutdown, StartError, StatusStream, TransportError,
    TransportServer,
};
use nestrs_transport_nats::{
    NatsContext, NatsMicroserviceOptions, NatsTransport, NatsTransportOptions,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// A word that no other test has in its subjects.
pub fn prefix() -> String {
    static TESTS: AtomicU64 = AtomicU64::new(0);
    let number = TESTS.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{number}", std::process::id())
}

pub async fn shared() -> &'static str {
    nestrs_brokers::shared::nats().await.unwrap()
}

pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(10);
    let done = tokio::time::timeout(limit, future).await;
    done.unwrap_or_else(|_| panic!("{what}: not within {limit:?}"))
}

/// Handlers, called as the last word of their routes: `sum`, `fail`, `stream`,
/// `large` and `gated` do what they say, any other answers with what it knows.
pub struct Service {
    routes: Vec<String>,
    name: Option<String>,
    extras: Value,
    gate: Arc<Semaphore>,
    started: mpsc::UnboundedSender<String>,
    over: mpsc::UnboundedSender<bool>,
}

/// What happens in a service's handlers.
pub struct Happens {
    pub gate: Arc<Semaphore>,
    /// The subject of each message whose handler started.
    pub started: mpsc::UnboundedReceiver<String>,
    /// Of each `gated`, whether it came to its end.
    pub over: mpsc::UnboundedReceiver<bool>,
}

impl Happens {
    pub async fn one_starts(&mut self) -> String {
        in_time("a handler starts", self.started.recv())
            .await
            .unwrap()
    }

    /// Waits for that of a message to `subject`.
    pub async fn starts(&mut self, subject: &str) {
        while self.one_starts().await != subject {}
    }

    pub async fn one_is_over(&mut self) -> bool {
        in_time("a handler is over", self.over.recv())
            .await
            .unwrap()
    }
}

impl Service {
    pub fn new<R: Into<String>>(routes: impl IntoIterator<Item = R>) -> (Self, Happens) {
        let (started, starting) = mpsc::unbounded_channel();
        let (over, ending) = mpsc::unbounded_channel();
        let service = Self {
            routes: routes.into_iter().map(Into::into).collect(),
            name: None,
            extras: Value::Null,
            gate: Arc::new(Semaphore::new(0)),
            started,
            over,
        };
        let happens = Happens {
            gate: service.gate.clone(),
            started: starting,
            over: ending,
        };
        (service, happens)
    }

    pub fn named(self, name: &str) -> Self {
        let name = Some(name.to_owned());
        Self { name, ..self }
    }

    /// What all its handlers have to say to the transport.
    pub fn extras(self, extras: Value) -> Self {
        Self { extras, ..self }
    }

    pub async fn start(self, options: NatsMicroserviceOptions) -> Server {
        self.try_start(options).await.unwrap()
    }

    pub async fn try_start(self, options: NatsMicroserviceOptions) -> Result<Server, StartError> {
        let shutdown = Shutdown::new();
        let starting = Box::new(options).start(Arc::new(self), shutdown.clone());
        let RunningServer {
            address,
            status,
            done,
            ..
        } = starting.await?;
        let done = tokio::spawn(done);
        Ok(Server {
            address,
            status,
            shutdown,
            done,
        })
    }
}

pub struct Server {
    pub address: String,
    pub status: StatusStream,
    pub shutdown: Shutdown,
    done: JoinHandle<()>,
}

impl Server {
    pub async fn stop(self) {
        self.shutdown.stop();
        in_time("the server is done", self.done).await.unwrap();
    }
}

pub fn client(url: &str) -> NatsTransport {
    NatsTransport::new(NatsTransportOptions::new(url))
}

/// Held by a handler while it runs.
struct Over(mpsc::UnboundedSender<bool>, bool);

impl Drop for Over {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

fn bytes(value: impl Into<Value>) -> Bytes {
    value.into().to_string().into()
}

impl Dispatch for Service {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let route = message.route.clone().expect("NATS knows the route");
        let context = &message.context;
        let nats = context.native::<NatsContext>().unwrap().clone();
        let known = json!({
            "route": &*route,
            "pattern": serde_json::from_slice::<Value>(&message.pattern).unwrap(),
            "payload": serde_json::from_slice::<Value>(&message.payload).unwrap(),
            "subject": nats.subject.as_str(),
            "headers": context.headers,
            "all": nats.headers.get_all("many").map(ToString::to_string).collect::<Vec<_>>(),
            "left": context.time_left().map(|left| left.as_secs()),
        });
        let _ = self.started.send(nats.subject.to_string());
        let (gate, over) = (self.gate.clone(), self.over.clone());
        Box::pin(async move {
            let payload: Value = serde_json::from_slice(&message.payload).unwrap();
            match route.rsplit('.').next().unwrap().trim_matches(['"', '}']) {
                "sum" => {
                    let numbers = payload.as_array().unwrap().iter();
                    Answer::One(Ok(Some(bytes(
                        numbers.filter_map(Value::as_i64).sum::<i64>(),
                    ))))
                }
                "fail" => Answer::One(Err(TransportError::new("boom"))),
                "stream" => Answer::Many(stream::iter([1, 2, 3]).map(|n| Ok(bytes(n))).boxed()),
                "nothing" => Answer::One(Ok(None)),
                "large" => Answer::One(Ok(Some(bytes(
                    "x".repeat(payload.as_u64().unwrap() as usize),
                )))),
                "gated" => {
                    let mut running = Over(over, false);
                    gate.acquire().await.unwrap().forget();
                    running.1 = true;
                    Answer::One(Ok(Some(message.payload)))
                }
                _ => Answer::One(Ok(Some(bytes(known)))),
            }
        })
    }

    fn routes(&self) -> Vec<String> {
        self.routes.clone()
    }

    fn service(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn extras(&self, _: &str) -> Value {
        self.extras.clone()
    }
}

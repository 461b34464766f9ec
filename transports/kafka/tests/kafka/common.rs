//! A server of known handlers, and its client.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, ErrorKind, Message, MessageKind, Shutdown, StartError,
    StatusStream, TransportError, TransportServer,
};
use nestrs_transport_kafka::{
    KafkaContext, KafkaMicroserviceOptions, KafkaTransport, KafkaTransportOptions,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long anything may take that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A name that no other test has, nor another run of this one.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed();
    let now = now.unwrap().as_nanos();
    format!("{what}-{}-{count}-{now}", std::process::id())
}

pub(crate) async fn url() -> &'static str {
    nestrs_brokers::shared::kafka().await.unwrap()
}

pub(crate) async fn soon<T>(what: &str, wanted: impl Future<Output = T>) -> T {
    let wanted = tokio::time::timeout(SOON, wanted).await;
    wanted.unwrap_or_else(|_| panic!("{what} within {SOON:?}"))
}

/// What a server has, for the tests to look at.
#[derive(Clone)]
pub(crate) struct Journal {
    /// Payloads of what was begun, in order.
    pub(crate) begun: watch::Sender<Vec<Value>>,
    /// `gated` waits for it.
    pub(crate) gate: Arc<Semaphore>,
    /// A permit for each `gated` that is over, however it ended.
    pub(crate) over: Arc<Semaphore>,
    /// The first so many of `flaky` fail.
    pub(crate) failures: Arc<AtomicU64>,
    pub(crate) contexts: Arc<Mutex<Vec<KafkaContext>>>,
    /// When each was begun.
    pub(crate) times: Arc<Mutex<Vec<Instant>>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            begun: watch::Sender::default(),
            gate: Arc::new(Semaphore::new(0)),
            over: Arc::new(Semaphore::new(0)),
            failures: Arc::default(),
            contexts: Arc::default(),
            times: Arc::default(),
        }
    }
}

impl Journal {
    pub(crate) async fn until(
        &self,
        what: &str,
        is: impl FnMut(&Vec<Value>) -> bool,
    ) -> Vec<Value> {
        let mut begun = self.begun.subscribe();
        let seen = soon(what, begun.wait_for(is)).await;
        seen.unwrap().clone()
    }

    pub(crate) async fn until_begun(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} messages are handled");
        self.until(&what, |begun| begun.len() >= count).await
    }

    pub(crate) async fn until_over(&self) {
        let over = soon("a handler ends", self.over.acquire()).await;
        over.unwrap().forget();
    }
}

/// Handlers that are known to all tests, under the routes that are asked for.
struct Handlers {
    routes: Vec<String>,
    service: Option<String>,
    extras: Value,
    journal: Journal,
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
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
        let route = message.route.clone().expect("Kafka knows the route");
        let payload: Value = serde_json::from_slice(&message.payload).unwrap();
        let journal = self.journal.clone();
        let context = message.context.native::<KafkaContext>().unwrap().clone();
        journal.contexts.lock().unwrap().push(context.clone());
        journal.times.lock().unwrap().push(Instant::now());
        journal
            .begun
            .send_modify(|begun| begun.push(payload.clone()));
        // The last word says what to do.
        let what = route.rsplit('.').next().unwrap_or_default().to_owned();
        Box::pin(async move {
            let fail = |err| Answer::One(Err(TransportError::from_wire(err)));
            match &*what {
                "sum" => {
                    let numbers = payload.as_array().unwrap();
                    ok(numbers.iter().filter_map(Value::as_i64).sum::<i64>())
                }
                "stream" => {
                    let items = [json!(1), json!({ "a": 1 }), json!("str")];
                    Answer::Many(stream::iter(items).map(|item| Ok(json(item))).boxed())
                }
                "count" => {
                    let items = stream::iter(0..payload.as_u64().unwrap());
                    Answer::Many(items.map(|item| Ok(json(item))).boxed())
                }
                "fail" => fail(json!({ "status": "error", "message": "boom" })),
                "poison" => Answer::One(Err(TransportError::of_kind(
                    ErrorKind::InvalidPayload,
                    "no such thing",
                ))),
                "failstr" => fail(json!("plain")),
                "nothing" => Answer::One(Ok(None)),
                "null" => ok(Value::Null),
                "kv" => ok(json!({ "key": "k", "value": { "v": 1 }, "headers": { "x": "y" } })),
                "bool" => ok(true),
                "num" => ok(5),
                "large" => ok("x".repeat(payload.as_u64().unwrap() as usize)),
                "unknown" => Answer::NoHandler,
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
                    match message.kind {
                        MessageKind::Request => ok(payload),
                        MessageKind::Event => Answer::Silent,
                    }
                }
                "commits" => {
                    context.commit();
                    Answer::Silent
                }
                "context" => ok(json!({
                    "transport": message.context.transport,
                    "headers": message.context.headers,
                    "left": message.context.time_left().map(|left| left.as_secs()),
                    "topic": &*context.topic,
                    "key": context.records[0].key.as_deref().map(String::from_utf8_lossy),
                })),
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

    fn extras(&self, _: &str) -> Value {
        self.extras.clone()
    }
}

/// A server of some routes.
pub(crate) struct Server {
    pub(crate) journal: Journal,
    pub(crate) shutdown: Shutdown,
    pub(crate) status: StatusStream,
    pub(crate) done: JoinHandle<()>,
}

impl Server {
    /// In a group of its own.
    pub(crate) async fn start(options: KafkaMicroserviceOptions, routes: &[String]) -> Self {
        Self::of(&unique("service"), options, routes, Value::Null).await
    }

    /// Of a service, with what all its handlers have to say to the transport.
    pub(crate) async fn of(
        service: &str,
        options: KafkaMicroserviceOptions,
        routes: &[String],
        extras: Value,
    ) -> Self {
        let started = Self::try_of(service, options, routes, extras).await;
        started.unwrap()
    }

    pub(crate) async fn try_of(
        service: &str,
        options: KafkaMicroserviceOptions,
        routes: &[String],
        extras: Value,
    ) -> Result<Self, StartError> {
        let journal = Journal::default();
        let handlers = Handlers {
            routes: routes.to_vec(),
            service: Some(service.to_owned()),
            extras,
            journal: journal.clone(),
        };
        let shutdown = Shutdown::new();
        let start = Box::new(options).start(Arc::new(handlers), shutdown.clone());
        let running = start.await?;
        Ok(Self {
            journal,
            shutdown,
            status: running.status,
            done: tokio::spawn(running.done),
        })
    }

    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        soon("the server stops", self.done).await.unwrap();
    }

    /// Ends it where it stands.
    pub(crate) async fn kill(self) {
        self.shutdown.abort();
        soon("the server ends", self.done).await.unwrap();
    }
}

/// Waits for a status.
pub(crate) async fn until(status: &mut StatusStream, wanted: ClientStatus) {
    let until = async {
        while let Some(now) = status.next().await {
            if now == wanted {
                return;
            }
        }
        panic!("it ended before it was {wanted}");
    };
    soon(&format!("it is {wanted}"), until).await;
}

pub(crate) async fn server_options() -> KafkaMicroserviceOptions {
    KafkaMicroserviceOptions::new(url().await)
}

pub(crate) async fn client() -> KafkaTransport {
    KafkaTransport::new(KafkaTransportOptions::new(url().await))
}

/// A client, and a server of routes that end in these words.
pub(crate) async fn pair(words: &[&str]) -> (Server, KafkaTransport, impl Fn(&str) -> String) {
    let prefix = unique("t");
    let route = move |word: &str| format!("{prefix}.{word}");
    let routes: Vec<_> = words.iter().map(|word| route(word)).collect();
    let server = Server::start(server_options().await, &routes).await;
    (server, client().await, route)
}

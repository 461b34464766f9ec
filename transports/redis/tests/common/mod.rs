//! A server of known handlers, and a peer that speaks to Redis by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, Message, MessageKind, Shutdown, StatusStream, TransportError,
    TransportServer,
};
use nestrs_transport_redis::{
    RedisContext, RedisMicroserviceOptions, RedisTransport, RedisTransportOptions, redis,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;

/// How long a test waits for what has to come.
pub const SOON: Duration = Duration::from_secs(10);

/// A Redis that nobody does any harm to.
pub async fn url() -> &'static str {
    nestrs_brokers::shared::redis().await.unwrap()
}

/// A name that no other test has.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!("{name}.{}.{count}", std::process::id())
}

/// Answers to routes by what stands behind the last dot or in `cmd`.
pub struct Handlers {
    pub routes: Vec<String>,
    /// What `event` and every unknown event got.
    pub events: mpsc::UnboundedSender<Value>,
    pub gate: Arc<Semaphore>,
    pub started: Arc<AtomicUsize>,
    /// A permit for each `gated` or `endless` that is over, however it ended.
    pub over: Arc<Semaphore>,
    /// How often `flaky` fails.
    pub failures: Arc<AtomicUsize>,
    pub service: Option<String>,
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

fn one(value: impl Into<Value>) -> Answer {
    Answer::One(Ok(Some(value.into().to_string().into())))
}

fn items(values: impl IntoIterator<Item = Value> + Send + 'static) -> Answer
where
    <Vec<Value> as IntoIterator>::IntoIter: Send,
{
    let values: Vec<_> = values.into_iter().collect();
    let items = stream::iter(values).map(|value| Ok(Bytes::from(value.to_string())));
    Answer::Many(items.boxed())
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let route = match &message.route {
            Some(route) => route.to_string(),
            None => pattern_text(&message.pattern)
                .unwrap_or_default()
                .into_owned(),
        };
        let name = route.rsplit('.').next().unwrap_or_default().to_owned();
        let payload: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
        let (gate, over, events) = (self.gate.clone(), self.over.clone(), self.events.clone());
        let (started, failures) = (self.started.clone(), self.failures.clone());
        let is_event = message.kind == MessageKind::Event;
        Box::pin(async move {
            started.fetch_add(1, Ordering::SeqCst);
            match name.as_str() {
                _ if name.starts_with('{') => {
                    let numbers = payload.as_array().cloned().unwrap_or_default();
                    one(numbers.iter().filter_map(Value::as_i64).sum::<i64>())
                }
                "echo" => Answer::One(Ok(Some(message.payload))),
                "nothing" => Answer::One(Ok(None)),
                "fail" => Answer::One(Err(TransportError::new("boom"))),
                "stream" | "streaming" => items(payload.as_array().cloned().unwrap_or_default()),
                "context" => one(shown(&message)),
                "gated" | "slow" => {
                    let _running = Running(over);
                    gate.acquire().await.expect("never closed").forget();
                    if is_event {
                        let _ = events.send(payload);
                        return Answer::Silent;
                    }
                    Answer::One(Ok(Some(message.payload)))
                }
                "endless" => {
                    let running = Running(over);
                    Answer::Many(
                        stream::poll_fn(move |_| {
                            let _held = &running;
                            std::task::Poll::Pending
                        })
                        .boxed(),
                    )
                }
                "flaky" => {
                    let left = failures.load(Ordering::SeqCst);
                    let context: &RedisContext = message.context.native().unwrap();
                    let attempt = context.delivery.as_ref().map(|delivery| delivery.attempt);
                    let _ = events.send(json!({ "data": payload, "attempt": attempt }));
                    if left > 0 {
                        failures.fetch_sub(1, Ordering::SeqCst);
                        return Answer::One(Err(TransportError::new("flaky")));
                    }
                    Answer::Silent
                }
                "missing" => Answer::NoHandler,
                _ if is_event => {
                    let _ = events.send(payload);
                    Answer::Silent
                }
                _ => one(shown(&message)),
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

/// What a handler sees of a message.
fn shown(message: &Message) -> Value {
    let context = &message.context;
    let redis: &RedisContext = context.native().unwrap();
    json!({
        "transport": context.transport,
        "headers": context.headers,
        "hasDeadline": context.deadline.is_some(),
        "channel": redis.channel(),
        "subscribed": redis.subscribed,
        "route": message.route.as_deref(),
    })
}

pub struct Server {
    pub prefix: String,
    pub shutdown: Shutdown,
    pub events: mpsc::UnboundedReceiver<Value>,
    pub gate: Arc<Semaphore>,
    pub started: Arc<AtomicUsize>,
    pub over: Arc<Semaphore>,
    pub failures: Arc<AtomicUsize>,
    pub status: StatusStream,
    pub address: String,
    pub done: JoinHandle<()>,
}

impl Server {
    /// Handlers of these names behind a prefix of their own.
    pub async fn start(names: &[&str]) -> Self {
        let options = RedisMicroserviceOptions::new(url().await);
        Self::with(options, &unique("t"), names).await
    }

    pub async fn with(options: RedisMicroserviceOptions, prefix: &str, names: &[&str]) -> Self {
        let routes = names
            .iter()
            .map(|name| format!("{prefix}.{name}"))
            .collect();
        Self::of(options, prefix, routes).await
    }

    pub async fn of(options: RedisMicroserviceOptions, prefix: &str, routes: Vec<String>) -> Self {
        let (events, seen) = mpsc::unbounded_channel();
        let handlers = Handlers {
            routes,
            events,
            gate: Arc::new(Semaphore::new(0)),
            started: Arc::default(),
            over: Arc::new(Semaphore::new(0)),
            failures: Arc::default(),
            service: Some(prefix.to_owned()),
        };
        let (gate, started, over, failures) = (
            handlers.gate.clone(),
            handlers.started.clone(),
            handlers.over.clone(),
            handlers.failures.clone(),
        );
        let shutdown = Shutdown::new();
        let running = Box::new(options)
            .start(Arc::new(handlers), shutdown.clone())
            .await
            .unwrap();
        Self {
            prefix: prefix.to_owned(),
            shutdown,
            events: seen,
            gate,
            started,
            over,
            failures,
            status: running.status,
            address: running.address,
            done: tokio::spawn(running.done),
        }
    }

    pub fn route(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// The next event.
    pub async fn event(&mut self) -> Value {
        let event = tokio::time::timeout(SOON, self.events.recv()).await;
        event.expect("an event comes").unwrap()
    }

    /// Waits until `count` handlers have started.
    pub async fn until_started(&self, count: usize) {
        let started = async {
            while self.started.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(SOON, started)
            .await
            .expect("handlers start");
    }

    /// Waits until another `gated` or `endless` is over.
    pub async fn until_one_is_over(&self) {
        let over = tokio::time::timeout(SOON, self.over.acquire());
        over.await.expect("a handler ends").unwrap().forget();
    }

    pub async fn stop(self) {
        self.shutdown.stop();
        tokio::time::timeout(SOON, self.done)
            .await
            .expect("it drains")
            .unwrap();
    }
}

/// Waits for a status.
pub async fn until(status: &mut StatusStream, wanted: ClientStatus) {
    let seen = async { while status.next().await.unwrap() != wanted {} };
    tokio::time::timeout(SOON, seen)
        .await
        .expect("the status comes");
}

pub async fn client() -> RedisTransport {
    RedisTransport::new(RedisTransportOptions::new(url().await))
}

/// A peer that is none of ours.
pub struct Peer {
    pub publish: redis::aio::MultiplexedConnection,
    subscribe: redis::aio::PubSubSink,
    messages: redis::aio::PubSubStream,
}

impl Peer {
    pub async fn new(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        let publish = client.get_multiplexed_async_connection().await.unwrap();
        let (subscribe, messages) = client.get_async_pubsub().await.unwrap().split();
        Self {
            publish,
            subscribe,
            messages,
        }
    }

    pub async fn subscribe(&mut self, channel: &str) {
        self.subscribe.subscribe(channel).await.unwrap();
    }

    pub async fn publish(&mut self, channel: &str, text: impl AsRef<[u8]>) -> usize {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(text.as_ref());
        command.query_async(&mut self.publish).await.unwrap()
    }

    /// The next message: its channel and what was published.
    pub async fn next(&mut self) -> (String, String) {
        let next = tokio::time::timeout(SOON, self.messages.next()).await;
        let message = next.expect("a message comes").unwrap();
        (
            message.get_channel().unwrap(),
            message.get_payload().unwrap(),
        )
    }

    /// What comes next is this, on that channel.
    pub async fn expect(&mut self, channel: &str, text: &str) {
        assert_eq!(self.next().await, (channel.to_owned(), text.to_owned()));
    }

    pub async fn ask<T: redis::FromRedisValue>(&mut self, command: &str) -> T {
        let mut words = command.split(' ');
        let mut asked = redis::cmd(words.next().unwrap());
        for word in words {
            asked.arg(word);
        }
        asked.query_async(&mut self.publish).await.unwrap()
    }
}

/// How often each of these was seen.
pub fn counted(values: impl IntoIterator<Item = Value>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for value in values {
        *counts.entry(value.to_string()).or_default() += 1;
    }
    counts
}

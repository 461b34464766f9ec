//! A server of known handlers, and a channel to speak to it by hand.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, Message, MessageKind, Pattern, Shutdown, StatusStream,
    TransportError, TransportServer, Wildcards,
};
use nestrs_transport_rabbitmq::lapin::message::Delivery;
use nestrs_transport_rabbitmq::lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, QueueDeclareOptions,
};
use nestrs_transport_rabbitmq::lapin::types::FieldTable;
use nestrs_transport_rabbitmq::lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer,
};
use nestrs_transport_rabbitmq::{
    RabbitMqContext, RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport,
    RabbitMqTransportOptions,
};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long anything may take that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A name that no other test has, nor another run of this one.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_nanos();
    format!("{what}-{}-{count}-{now}", std::process::id())
}

pub(crate) async fn url() -> &'static str {
    nestrs_brokers::shared::rabbitmq().await.unwrap()
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
    pub(crate) contexts: Arc<Mutex<Vec<RabbitMqContext>>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            begun: watch::Sender::default(),
            gate: Arc::new(Semaphore::new(0)),
            over: Arc::new(Semaphore::new(0)),
            failures: Arc::default(),
            contexts: Arc::default(),
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
    journal: Journal,
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

/// A server of some routes.
pub(crate) struct Server {
    pub(crate) journal: Journal,
    pub(crate) shutdown: Shutdown,
    pub(crate) address: String,
    pub(crate) status: StatusStream,
    pub(crate) done: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(options: RabbitMqMicroserviceOptions, routes: &[&str]) -> Self {
        Self::of(None, options, routes).await
    }

    /// Of a service that has a name.
    pub(crate) async fn of(
        service: Option<&str>,
        options: RabbitMqMicroserviceOptions,
        routes: &[&str],
    ) -> Self {
        let journal = Journal::default();
        let handlers = Handlers {
            routes: routes.iter().map(ToString::to_string).collect(),
            service: service.map(str::to_owned),
            journal: journal.clone(),
        };
        let shutdown = Shutdown::new();
        let start = Box::new(options).start(Arc::new(handlers), shutdown.clone());
        let running = start.await.unwrap();
        Self {
            journal,
            shutdown,
            address: running.address,
            status: running.status,
            done: tokio::spawn(running.done),
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        soon("the server stops", self.done).await.unwrap();
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

pub(crate) async fn server_options() -> RabbitMqMicroserviceOptions {
    RabbitMqMicroserviceOptions::new(url().await)
}

pub(crate) async fn client_options() -> RabbitMqTransportOptions {
    RabbitMqTransportOptions::new(url().await)
}

/// A client and a server of one queue.
pub(crate) async fn pair(
    server: impl FnOnce(RabbitMqMicroserviceOptions) -> RabbitMqMicroserviceOptions,
    routes: &[&str],
) -> (Server, RabbitMqTransport, String) {
    let queue = unique("pair");
    let options = server_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let options = server(options);
    let of_queue = options.queue.clone();
    let server = Server::start(options, routes).await;
    let client = client_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let client = RabbitMqTransport::new(client.queue(of_queue));
    (server, client, queue)
}

/// A peer that speaks AMQP by hand.
pub(crate) struct Raw {
    pub(crate) channel: Channel,
    _connection: Connection,
}

impl Raw {
    pub(crate) async fn connect() -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(url().await, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self {
            channel,
            _connection: connection,
        }
    }

    /// A queue of the broker's name for it, consumed.
    pub(crate) async fn consume_new(&self) -> Consumer {
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare("".into(), options, FieldTable::default());
        let queue = queue.await.unwrap().name().clone();
        self.consume(queue.as_str()).await
    }

    pub(crate) async fn consume(&self, queue: &str) -> Consumer {
        let options = BasicConsumeOptions {
            no_ack: true,
            ..BasicConsumeOptions::default()
        };
        let consumer =
            self.channel
                .basic_consume(queue.into(), "".into(), options, FieldTable::default());
        consumer.await.unwrap()
    }

    pub(crate) async fn declare(&self, queue: &str) {
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        queue.await.unwrap();
    }

    pub(crate) async fn publish(
        &self,
        queue: &str,
        body: impl AsRef<[u8]>,
        properties: BasicProperties,
    ) {
        let options = BasicPublishOptions::default();
        let publish =
            self.channel
                .basic_publish("".into(), queue.into(), options, body.as_ref(), properties);
        publish.await.unwrap();
    }

    /// The next message of a queue, which has one soon.
    pub(crate) async fn get(&self, queue: &str) -> Delivery {
        let get = async {
            loop {
                let options = BasicGetOptions { no_ack: true };
                let got = self.channel.basic_get(queue.into(), options).await.unwrap();
                match got {
                    Some(message) => return message.delivery,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        soon(&format!("{queue} has a message"), get).await
    }

    /// How many messages a queue holds that nobody has in hand.
    pub(crate) async fn count(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        queue.await.unwrap().message_count()
    }
}

pub(crate) async fn next(consumer: &mut Consumer) -> Delivery {
    let delivery = soon("a message comes", consumer.next()).await;
    delivery.unwrap().unwrap()
}

pub(crate) fn text(delivery: &Delivery) -> &str {
    std::str::from_utf8(&delivery.data).unwrap()
}

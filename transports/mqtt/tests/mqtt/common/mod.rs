//! A server of known handlers, and a raw MQTT client to speak to it by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, Dispatch, Message, MessageKind, RunningServer, Shutdown, TransportError,
    TransportServer,
};
use nestrs_transport_mqtt::{
    MqttContext, MqttMicroserviceOptions, MqttTransport, MqttTransportOptions,
};
use rumqttc_v4::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

pub const LIMIT: Duration = Duration::from_secs(10);

/// The address of the broker that tests share.
pub async fn broker() -> &'static str {
    nestrs_brokers::shared::mosquitto().await.unwrap()
}

/// A name that no other test has.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!("{name}-{}-{count}", std::process::id())
}

/// Handlers under topics that begin with a prefix of their own. Routes end with what they do:
/// `add`, `fail`, `count` (a stream), `gated` (waits for the gate), `echo`, `context`, `large`.
#[derive(Clone)]
pub struct Handlers {
    pub routes: Vec<String>,
    pub service: Option<String>,
    pub seen: Arc<Mutex<Vec<(String, Value)>>>,
    pub handled: Arc<Semaphore>,
    pub gate: Arc<Semaphore>,
    pub running: Arc<AtomicUsize>,
    pub most: Arc<AtomicUsize>,
    pub extras: HashMap<String, Value>,
}

impl Handlers {
    pub fn new(routes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            routes: routes.into_iter().map(Into::into).collect(),
            service: None,
            seen: Arc::default(),
            handled: Arc::new(Semaphore::new(0)),
            gate: Arc::new(Semaphore::new(0)),
            running: Arc::default(),
            most: Arc::default(),
            extras: HashMap::new(),
        }
    }

    pub fn service(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self
    }

    /// Waits until so many more messages were handled.
    pub async fn handled(&self, count: u32) {
        let handled = tokio::time::timeout(LIMIT, self.handled.acquire_many(count)).await;
        handled.expect("not handled in time").unwrap().forget();
    }

    /// Waits until so many different messages were handled: at least once may be
    /// twice.
    pub async fn handled_distinct(&self, count: usize) {
        let distinct = || {
            let seen = self.seen().into_iter();
            let seen: HashSet<_> = seen.map(|(_, number)| number.to_string()).collect();
            seen.len()
        };
        while distinct() < count {
            self.handled(1).await;
        }
    }

    pub fn seen(&self) -> Vec<(String, Value)> {
        self.seen.lock().unwrap().clone()
    }

    async fn answer(self, message: Message) -> Answer {
        let topic = match message.context.native::<MqttContext>() {
            Some(context) => context.topic.clone(),
            None => String::new(),
        };
        let data: Value = serde_json::from_slice(&message.payload).unwrap();
        self.seen
            .lock()
            .unwrap()
            .push((topic.clone(), data.clone()));
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let one = |value: Value| Answer::One(Ok(Some(Bytes::from(value.to_string()))));
        let what = topic.rsplit(['/', '.']).next().unwrap_or_default();
        let answer = match what {
            "add" => {
                let numbers: Vec<f64> = serde_json::from_value(data).unwrap();
                one(json!(numbers.iter().sum::<f64>() as i64))
            }
            "fail" => Answer::One(Err(TransportError::new("boom"))),
            "count" => {
                let items: Vec<Value> = serde_json::from_value(data).unwrap();
                let items = items
                    .into_iter()
                    .map(|item| Ok(Bytes::from(item.to_string())));
                Answer::Many(Box::pin(Items(items.collect())))
            }
            "gated" => {
                self.gate.acquire().await.unwrap().forget();
                one(data)
            }
            "large" => one(json!("x".repeat(data.as_u64().unwrap() as usize))),
            "context" => one(json!({
                "headers": message.context.headers,
                "left": message.context.time_left().is_some(),
                "transport": message.context.transport,
                "event": message.kind == MessageKind::Event,
            })),
            _ if !self
                .routes
                .iter()
                .any(|route| route == &topic || route.contains(['+', '#', '$'])) =>
            {
                Answer::NoHandler
            }
            _ => one(data),
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        self.handled.add_permits(1);
        match message.kind {
            MessageKind::Request => answer,
            MessageKind::Event => Answer::Silent,
        }
    }
}

struct Items(std::collections::VecDeque<Result<Bytes, TransportError>>);

impl futures_core::Stream for Items {
    type Item = Result<Bytes, TransportError>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.pop_front())
    }
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        Box::pin(self.clone().answer(message))
    }

    fn routes(&self) -> Vec<String> {
        self.routes.clone()
    }

    fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    fn extras(&self, route: &str) -> Value {
        self.extras.get(route).cloned().unwrap_or_default()
    }
}

/// A server that serves until it is stopped.
pub struct Serving {
    pub running: RunningServer,
    pub shutdown: Shutdown,
}

impl Serving {
    pub async fn stop(self) {
        self.shutdown.stop();
        tokio::time::timeout(LIMIT, self.running.done)
            .await
            .expect("it did not stop");
    }
}

pub async fn serve(options: MqttMicroserviceOptions, handlers: &Handlers) -> Serving {
    let shutdown = Shutdown::new();
    let started = Box::new(options).start(Arc::new(handlers.clone()), shutdown.clone());
    Serving {
        running: started.await.unwrap(),
        shutdown,
    }
}

pub async fn served(handlers: &Handlers) -> Serving {
    serve(MqttMicroserviceOptions::new(broker().await), handlers).await
}

pub async fn client() -> MqttTransport {
    MqttTransport::new(MqttTransportOptions::new(broker().await))
}

/// A client that knows nothing of packets.
pub struct Raw {
    client: AsyncClient,
    pub arrived: mpsc::UnboundedReceiver<(String, String)>,
}

impl Raw {
    pub async fn connect(url: &str, filters: &[&str]) -> Self {
        let (host, port) = url.trim_start_matches("mqtt://").split_once(':').unwrap();
        let options = MqttOptions::new(unique("raw"), (host, port.parse().unwrap()));
        let (client, mut events) = AsyncClient::builder(options).capacity(100).build();
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(publish)) = event {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    let _ = sender.send((text(&publish.topic), text(&publish.payload)));
                }
            }
        });
        for filter in filters {
            let notice = client
                .subscribe_tracked(*filter, QoS::AtMostOnce)
                .await
                .unwrap();
            notice.wait_completion_async().await.unwrap();
        }
        Self { client, arrived }
    }

    pub async fn publish(&self, topic: &str, payload: &str) {
        let options = PublishOptions::at_most_once();
        self.client
            .publish(topic, payload.to_owned(), options)
            .await
            .unwrap();
    }

    pub async fn next(&mut self) -> (String, String) {
        let next = tokio::time::timeout(LIMIT, self.arrived.recv()).await;
        next.expect("nothing came").unwrap()
    }
}

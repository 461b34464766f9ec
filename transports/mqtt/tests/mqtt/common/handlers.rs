use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, Dispatch, Message, MessageKind, TransportError};
use nestrs_transport_mqtt::MqttContext;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::LIMIT;

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

    /// Waits until a message with that payload was handled.
    pub async fn saw(&self, payload: &Value) {
        while !self.seen().iter().any(|(_, seen)| seen == payload) {
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

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{Stream, StreamExt, stream};
use nestrs::{
    core::{
        Answer, Dispatch, Message, TransportError, Wildcards, dispatch::BoxFuture,
        route_table::RouteTable,
    },
    microservices::{BoundHandler, Dispatcher},
    prelude::micro_routes,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

/// What a handler is told, and what is counted.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Numbered {
    pub(crate) id: u64,
}

/// What the handlers of a service saw.
pub(crate) struct Log {
    seen: Mutex<HashMap<u64, usize>>,
    state: watch::Sender<State>,
    /// Lets `gated` go on, one permit each.
    pub(crate) gate: Semaphore,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct State {
    /// Messages with a number, each time one came.
    pub(crate) total: usize,
    pub(crate) in_hand: usize,
    pub(crate) most_in_hand: usize,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            state: watch::Sender::default(),
            gate: Semaphore::new(0),
        }
    }
}

impl Log {
    /// How often which message came.
    pub(crate) fn seen(&self) -> HashMap<u64, usize> {
        self.lock().clone()
    }

    pub(crate) fn state(&self) -> State {
        *self.state.borrow()
    }

    /// Waits for something to be so.
    pub(crate) async fn until(&self, holds: impl Fn(&State) -> bool) {
        // The sender is in `self`.
        let _ = self.state.subscribe().wait_for(holds).await;
    }

    /// Waits until each of these came.
    pub(crate) async fn until_seen(&self, ids: &[u64]) {
        self.until(|_| {
            let seen = self.lock();
            ids.iter().all(|id| seen.contains_key(id))
        })
        .await;
    }

    fn saw(&self, id: u64) {
        *self.lock().entry(id).or_default() += 1;
        self.state.send_modify(|state| state.total += 1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, usize>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handler that runs, until it is dropped.
struct InHand<'a>(&'a Log);

impl<'a> InHand<'a> {
    fn new(log: &'a Log) -> Self {
        log.state.send_modify(|state| {
            state.in_hand += 1;
            state.most_in_hand = state.most_in_hand.max(state.in_hand);
        });
        Self(log)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.state.send_modify(|state| state.in_hand -= 1);
    }
}

/// What panics on purpose says.
pub(crate) const PANIC: &str = "a handler that panics";

struct Handlers {
    log: Arc<Log>,
}

#[micro_routes]
impl Handlers {
    #[message_pattern("echo")]
    async fn echo(&self, payload: Value) -> Value {
        payload
    }

    #[message_pattern("id")]
    async fn id(&self, message: Numbered) -> u64 {
        self.log.saw(message.id);
        message.id
    }

    #[event_pattern("event")]
    async fn event(&self, message: Numbered) {
        self.log.saw(message.id);
    }

    /// Waits at the gate; it is the start that counts.
    #[message_pattern("gated")]
    async fn gated(&self, message: Numbered) -> u64 {
        self.log.saw(message.id);
        let _in_hand = InHand::new(&self.log);
        if let Ok(permit) = self.log.gate.acquire().await {
            permit.forget();
        }
        message.id
    }

    #[message_pattern("fail")]
    async fn fail(&self, payload: Value) -> Result<(), TransportError> {
        Err(TransportError::new("on purpose").with_details(json!({ "payload": payload })))
    }

    #[message_pattern("panic")]
    async fn panic(&self) -> Value {
        panic!("{PANIC}");
    }

    #[message_pattern("count")]
    async fn count(&self, to: u64) -> impl Stream<Item = u64> + Send + 'static {
        stream::iter(0..to)
    }

    /// Some items and then an error.
    #[message_pattern("break")]
    async fn break_off(
        &self,
        after: u64,
    ) -> impl Stream<Item = Result<u64, TransportError>> + Send + 'static {
        let items = stream::iter(0..after).map(Ok);
        items.chain(stream::once(async {
            Err(TransportError::new("broken off"))
        }))
    }

    /// A reply of any size.
    #[message_pattern("inflate")]
    async fn inflate(&self, bytes: usize) -> String {
        "x".repeat(bytes)
    }
}

/// Every handler under its own name.
pub(crate) const ALL: [(&str, &str); 9] = [
    ("echo", "echo"),
    ("id", "id"),
    ("event", "event"),
    ("gated", "gated"),
    ("fail", "fail"),
    ("panic", "panic"),
    ("count", "count"),
    ("break", "break"),
    ("inflate", "inflate"),
];

/// The application of a case: the handlers above, under routes that nobody else has.
pub(crate) struct Service {
    name: String,
    /// To the handler's own route.
    routes: RouteTable<Arc<str>>,
    handlers: Dispatcher,
}

impl Service {
    /// `routes` are pairs of a route and the handler's name.
    pub(crate) fn new<'a>(
        name: &str,
        routes: impl IntoIterator<Item = (String, &'a str)>,
        wildcards: Option<Wildcards>,
        log: Arc<Log>,
    ) -> Self {
        let mut table = RouteTable::<Arc<str>>::new(wildcards);
        for (route, handler) in routes {
            *table.entry(route.as_str().into()) = handler.into();
        }
        let handlers = BoundHandler::all_of(&Arc::new(Handlers { log }));
        Self {
            name: name.to_owned(),
            routes: table,
            // No two of them have one pattern.
            handlers: Dispatcher::new(handlers).unwrap_or_default(),
        }
    }
}

impl Dispatch for Service {
    fn dispatch(&self, mut message: Message) -> BoxFuture<'static, Answer> {
        let found = match &message.route {
            Some(route) => self.routes.get(route),
            None => self.routes.find(&message.pattern),
        };
        let Some((_, handler)) = found else {
            return Box::pin(async { Answer::NoHandler });
        };
        message.route = Some(handler.clone());
        self.handlers.dispatch(message)
    }

    fn routes(&self) -> Vec<String> {
        self.routes
            .iter()
            .map(|(route, _)| route.to_owned())
            .collect()
    }

    fn service(&self) -> Option<&str> {
        Some(&self.name)
    }
}

//! [`EventBus`]: events within one process, without a transport.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::join_all;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{ErrorKind, TransportError, Wildcards};
use nestrs_di::injectable;
use serde::Serialize;
use serde_json::Value;

use crate::panic::contain;

/// Carries events from whoever publishes to whoever listens in the same
/// application. Every application has one, which any provider can inject as
/// `Arc<EventBus>`. Clones are the same bus.
///
/// ```
/// use nestrs_microservices::EventBus;
/// use serde_json::{Value, json};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let bus = EventBus::new();
/// bus.subscribe("user.created", |user: Value| async move {
///     println!("welcome, {}", user["name"]);
/// });
/// bus.publish("user.created", json!({ "name": "Ada" })).await;
/// # }
/// ```
///
/// Providers listen with [`#[event_routes]`](macro@crate::event_routes).
///
/// # Wildcards
///
/// Events are words with `.` between them. Where a listener says which it is
/// for, `*` stands for one word and `**` for any number of them.
///
/// ```
/// # use nestrs_microservices::EventBus;
/// # let bus = EventBus::new();
/// bus.subscribe("user.*", |_| async { println!("something with a user") });
/// bus.subscribe("**", |_| async { println!("something") });
/// ```
#[injectable(provided_in = "root")]
#[derive(Clone, Default)]
pub struct EventBus {
    #[inject(default)]
    listeners: Arc<RwLock<Listeners>>,
}

#[derive(Default)]
struct Listeners {
    exact: HashMap<String, Vec<Listener>>,
    /// Those of events with wildcards.
    open: Vec<(String, Listener)>,
}

/// Called with an event and its payload.
type Listener = Arc<dyn Fn(&str, Value) -> BoxFuture<'static, ()> + Send + Sync>;

impl EventBus {
    /// A bus without listeners. An application has its own: inject that.
    ///
    /// ```
    /// let bus = nestrs_microservices::EventBus::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `listener` with the payload of each `event` from now on. The event
    /// may have [wildcards](EventBus#wildcards).
    ///
    /// ```
    /// # let bus = nestrs_microservices::EventBus::new();
    /// bus.subscribe("user.created", |user| async move { println!("{user}") });
    /// ```
    pub fn subscribe<F, Fut>(&self, event: impl Into<String>, listener: F)
    where
        F: Fn(Value) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.listen(event, move |_, payload| listener(payload).boxed());
    }

    /// As [`subscribe`](Self::subscribe), for a listener that is told which
    /// event it is.
    pub(crate) fn listen<F>(&self, event: impl Into<String>, listener: F)
    where
        F: Fn(&str, Value) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    {
        let listener: Listener = Arc::new(listener);
        let mut listeners = self
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let event = event.into();
        if Wildcards::EVENTS.are_in(&event) {
            listeners.open.push((event, listener));
        } else {
            listeners.exact.entry(event).or_default().push(listener);
        }
    }

    /// Hands `payload` to all listeners of `event`, which run at the same time,
    /// and waits until the last is done. A listener that panics is logged and
    /// disturbs no other.
    ///
    /// ```
    /// # use nestrs_microservices::EventBus;
    /// # async fn example(bus: &EventBus) {
    /// bus.publish("user.created", serde_json::json!({ "name": "Ada" })).await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the listeners where they stand. To let them
    /// finish on their own, use [`emit_json`](Self::emit_json).
    pub async fn publish(&self, event: &str, payload: Value) {
        let listeners = self.listeners_of(event);
        let Some((last, others)) = listeners.split_last() else {
            return;
        };
        // Cloned for all but the last, which most often is the only one.
        let mut runs: Vec<_> = others
            .iter()
            .map(|listener| run(event, listener, payload.clone()))
            .collect();
        runs.push(run(event, last, payload));
        join_all(runs).await;
    }

    /// [`publish`](Self::publish) with a payload of any type.
    ///
    /// ```
    /// #[derive(serde::Serialize)]
    /// struct User {
    ///     name: &'static str,
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs_microservices::TransportError> {
    /// let bus = nestrs_microservices::EventBus::new();
    /// bus.publish_typed("user.created", &User { name: "Ada" }).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the payload is no JSON. What listeners do with it is logged.
    ///
    /// # Cancel safety
    ///
    /// As of [`publish`](Self::publish).
    pub async fn publish_typed<T: Serialize + ?Sized>(
        &self,
        event: &str,
        payload: &T,
    ) -> Result<(), TransportError> {
        self.publish(event, to_value(event, payload)?).await;
        Ok(())
    }

    /// As [`publish`](Self::publish), but does not wait for the listeners.
    ///
    /// They run in a task of their own; outside a tokio runtime there is none,
    /// and this waits for them after all.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let bus = nestrs_microservices::EventBus::new();
    /// bus.emit_json("user.created", "Ada".into()).await;
    /// # }
    /// ```
    pub async fn emit_json(&self, event: &str, payload: Value) {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let (bus, event) = (self.clone(), event.to_owned());
                runtime.spawn(async move { bus.publish(&event, payload).await });
            }
            Err(_) => self.publish(event, payload).await,
        }
    }

    /// [`emit_json`](Self::emit_json) with a payload of any type.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs_microservices::TransportError> {
    /// let bus = nestrs_microservices::EventBus::new();
    /// bus.emit("user.created", &("Ada", 36)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the payload is no JSON. What listeners do with it is logged.
    pub async fn emit<T: Serialize + ?Sized>(
        &self,
        event: &str,
        payload: &T,
    ) -> Result<(), TransportError> {
        self.emit_json(event, to_value(event, payload)?).await;
        Ok(())
    }

    /// A copy: listeners may subscribe others while they run.
    fn listeners_of(&self, event: &str) -> Vec<Listener> {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let exact = listeners.exact.get(event).into_iter().flatten();
        let open = listeners.open.iter();
        let open = open.filter(|(route, _)| Wildcards::EVENTS.matches(route, event));
        exact.chain(open.map(|(_, to)| to)).cloned().collect()
    }
}

fn to_value<T: Serialize + ?Sized>(event: &str, payload: &T) -> Result<Value, TransportError> {
    serde_json::to_value(payload).map_err(|error| {
        let message = format!("the payload of `{event}` is no JSON: {error}");
        TransportError::of_kind(ErrorKind::InvalidPayload, message)
    })
}

async fn run(event: &str, listener: &Listener, payload: Value) {
    if let Err(panic) = contain(|| listener(event, payload)).await {
        tracing::error!(event, "a listener panicked: {panic}");
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").finish_non_exhaustive()
    }
}

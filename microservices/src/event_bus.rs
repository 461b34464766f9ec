//! [`EventBus`]: events within one process, without a transport.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt;
use futures_util::future::join_all;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{ErrorKind, TransportError};
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
#[injectable(provided_in = "root")]
#[derive(Clone, Default)]
pub struct EventBus {
    #[inject(default)]
    listeners: Arc<RwLock<HashMap<String, Vec<Listener>>>>,
}

type Listener = Arc<dyn Fn(Value) -> BoxFuture<'static, ()> + Send + Sync>;

impl EventBus {
    /// A bus without listeners. An application has its own: inject that.
    ///
    /// ```
    /// let bus = nestrs_microservices::EventBus::new();
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls `listener` with the payload of each `event` from now on.
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
        let listener: Listener = Arc::new(move |payload| listener(payload).boxed());
        let mut listeners = self
            .listeners
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.entry(event.into()).or_default().push(listener);
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
        let payload = serde_json::to_value(payload).map_err(|error| {
            let message = format!("the payload of `{event}` is no JSON: {error}");
            TransportError::of_kind(ErrorKind::InvalidPayload, message)
        })?;
        self.emit_json(event, payload).await;
        Ok(())
    }

    /// A copy: listeners may subscribe others while they run.
    fn listeners_of(&self, event: &str) -> Vec<Listener> {
        let listeners = self
            .listeners
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        listeners.get(event).cloned().unwrap_or_default()
    }
}

async fn run(event: &str, listener: &Listener, payload: Value) {
    // The listener itself may panic before it gives a future.
    if let Err(panic) = contain(async { listener(payload).await }).await {
        tracing::error!(event, "a listener panicked: {panic}");
    }
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").finish_non_exhaustive()
    }
}

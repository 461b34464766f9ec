//! One handler and all that runs around it: interceptors, guards, pipes, the
//! handler, in this order. Whatever panics here becomes an error of this one
//! message.
//!
//! The next file on a message's path is [`crate::payload`].

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::error::INTERNAL_SERVER_ERROR;
use nestrs_core::{Answer, MessageKind, TransportError};
use serde_json::Value;

use crate::enhancer::Chain;
use crate::handler::{Handler, HandlerName, MicroRoutes};
use crate::panic::{contain, message_of};
use crate::payload::{Incoming, Payload, decode};

/// A handler of one pattern, bound to the instance whose method it is.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{BoundHandler, micro_routes};
/// use std::sync::Arc;
///
/// struct MathService;
///
/// #[micro_routes]
/// impl MathService {
///     #[message_pattern("math.double", { "cmd": "double" })]
///     async fn double(&self, n: i64) -> i64 {
///         2 * n
///     }
/// }
///
/// let routes: Vec<_> = BoundHandler::all_of(&Arc::new(MathService))
///     .map(|handler| handler.route().to_owned())
///     .collect();
/// assert_eq!(routes, ["math.double", r#"{"cmd":"double"}"#]);
/// ```
#[derive(Clone)]
pub struct BoundHandler {
    kind: MessageKind,
    route: Arc<str>,
    method: Arc<Method>,
}

/// What the patterns of one method share.
struct Method {
    name: HandlerName,
    enhancers: Chain,
    call: Box<BoundCall>,
}

type BoundCall =
    dyn Fn(Incoming) -> BoxFuture<'static, Result<Answer, TransportError>> + Send + Sync;

impl BoundHandler {
    /// The handlers of an instance, one for each pattern. Makes its enhancers.
    pub fn all_of<T: MicroRoutes>(instance: &Arc<T>) -> impl Iterator<Item = Self> {
        T::HANDLERS.iter().flat_map(move |handler| {
            let method = Arc::new(Method::bind(handler, Arc::clone(instance)));
            handler.patterns.iter().map(move |(kind, pattern)| Self {
                kind: *kind,
                route: pattern.to_pattern().into_string().into(),
                method: Arc::clone(&method),
            })
        })
    }

    /// Whether it handles requests or events.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The pattern it handles, as a route.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Which method it is, and where.
    pub fn name(&self) -> HandlerName {
        self.method.name
    }

    /// Handles a message and answers it.
    pub(crate) async fn run(self, payload: Bytes) -> Answer {
        match contain(self.pass(payload)).await {
            Ok(Ok(Answer::Many(items))) => Answer::Many(self.up_to_error(items).boxed()),
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Answer::One(Err(error)),
            Err(panic) => Answer::One(Err(self.panicked(&panic))),
        }
    }

    /// Handles a message that nobody waits for; failures are logged.
    pub(crate) async fn run_unanswered(self, payload: Bytes) {
        let (route, name) = (self.route.clone(), self.name());
        let log = |error: &TransportError| {
            let details = error.details.as_ref().map(tracing::field::display);
            tracing::error!(pattern = %route, handler = %name, details, "an event failed: {error}");
        };
        match self.run(payload).await {
            Answer::One(Err(error)) => log(&error),
            Answer::Many(mut items) => {
                while let Some(item) = items.next().await {
                    item.inspect_err(log).ok();
                }
            }
            _ => {}
        }
    }

    async fn pass(&self, payload: Bytes) -> Result<Answer, TransportError> {
        let Method {
            enhancers, call, ..
        } = &*self.method;
        let route = &self.route;
        let payload = if enhancers.is_empty() {
            Payload::Json(payload)
        } else {
            let what = || format!("the payload of `{route}` is no JSON");
            let value: Value = decode(&payload, what)?;
            Payload::Value(enhancers.run(route, value).await?)
        };
        call(Incoming::new(Arc::clone(route), payload)).await
    }

    /// A handler's stream runs after the handler: its panics end here as well.
    /// Nothing follows an error.
    fn up_to_error(
        self,
        items: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
    ) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        let items = Box::pin(AssertUnwindSafe(items).catch_unwind());
        stream::unfold(Some((self, items)), async |state| {
            let (handler, mut items) = state?;
            match items.next().await? {
                Ok(Ok(item)) => Some((Ok(item), Some((handler, items)))),
                Ok(Err(error)) => Some((Err(error), None)),
                Err(panic) => Some((Err(handler.panicked(&message_of(&*panic))), None)),
            }
        })
    }

    fn panicked(&self, panic: &str) -> TransportError {
        tracing::error!(pattern = %self.route, handler = %self.name(), "a handler panicked: {panic}");
        TransportError::new(INTERNAL_SERVER_ERROR)
    }
}

impl Method {
    fn bind<T: MicroRoutes>(handler: &'static Handler<T>, instance: Arc<T>) -> Self {
        let call = handler.call;
        Self {
            name: HandlerName::of::<T>(handler.method, handler.at),
            enhancers: Chain::new(handler.enhancers),
            call: Box::new(move |incoming| call(Arc::clone(&instance), incoming)),
        }
    }
}

impl fmt::Debug for BoundHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundHandler")
            .field("kind", &self.kind)
            .field("route", &self.route)
            .field("name", &self.method.name)
            .finish()
    }
}

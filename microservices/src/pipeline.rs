//! One handler, from a message to its answer. What panics here, in the handler
//! or in what runs around it, becomes an error of this one message.
//!
//! The next file on a message's path is [`crate::enhancer`].

use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::error::INTERNAL_SERVER_ERROR;
use nestrs_core::{Answer, ErrorKind, Message, MessageKind, TransportError};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::bind::{Binding, Service};
use crate::ctx::Ctx;
use crate::enhancer::{BoundCall, Chain};
use crate::error::BindError;
use crate::handler::{Handler, HandlerName, HandlerPattern, MicroRoutes};
use crate::home::Home;
use crate::incoming::Incoming;
use crate::panic::{contain, message_of};

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
    pattern: &'static HandlerPattern,
    route: Arc<str>,
    method: Arc<Method>,
}

/// What the patterns of one method share.
struct Method {
    name: HandlerName,
    chain: Chain,
    home: Option<Home>,
    /// Whether anything of it is made for each message.
    is_of_request: bool,
    room: Option<Arc<Semaphore>>,
    expose_errors: bool,
    call: Box<BoundCall>,
}

impl BoundHandler {
    /// The handlers of an instance, one for each pattern, without a container:
    /// their enhancers are made by `Default`, and a message that needs more is
    /// answered with an error.
    pub fn all_of<T: MicroRoutes>(instance: &Arc<T>) -> impl Iterator<Item = Self> + use<T> {
        let service = Service::Ready(Arc::clone(instance));
        // Nothing can be missing where nothing is looked for.
        let handlers = Self::bind(&service, &Binding::default()).unwrap_or_default();
        handlers.into_iter()
    }

    pub(crate) fn bind<T: MicroRoutes>(
        service: &Service<T>,
        binding: &Binding<'_>,
    ) -> Result<Vec<Self>, BindError> {
        let mut handlers = Vec::new();
        for handler in T::HANDLERS {
            let method = Arc::new(Method::bind(handler, service, binding)?);
            handlers.extend(handler.patterns.iter().map(|pattern| Self {
                pattern,
                route: pattern.pattern.to_pattern().into_string().into(),
                method: Arc::clone(&method),
            }));
        }
        Ok(handlers)
    }

    /// Whether it handles requests or events.
    pub fn kind(&self) -> MessageKind {
        self.pattern.kind
    }

    /// The pattern it handles, as a route.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// The only transport it is called through, if there is but one.
    pub fn transport(&self) -> Option<&'static str> {
        self.pattern.transport
    }

    /// What it has to say to the transport.
    pub(crate) fn extras(&self) -> Value {
        let json = self.pattern.extras.unwrap_or("null");
        serde_json::from_str(json).unwrap_or_default()
    }

    /// Which method it is, and where.
    pub fn name(&self) -> HandlerName {
        self.method.name
    }

    /// Handles a message and answers it. `subject` is what was sent, where
    /// that is not the route.
    pub(crate) async fn run(self, message: Message, subject: Option<Arc<str>>) -> Answer {
        let id = message.context.id.clone();
        match self.handle(message, subject, id.as_ref()).await {
            Answer::One(Err(error)) => Answer::One(Err(self.mask(error, id.as_ref()))),
            Answer::Many(items) => {
                let mask = move |error| self.mask(error, id.as_ref());
                Answer::Many(items.map(move |item| item.map_err(&mask)).boxed())
            }
            answer => answer,
        }
    }

    /// Handles a message that nobody waits for: a failure is logged, and is the
    /// answer, for a transport that delivers again what failed.
    pub(crate) async fn run_unanswered(
        self,
        message: Message,
        subject: Option<Arc<str>>,
    ) -> Answer {
        let (route, name) = (self.route.clone(), self.name());
        let failed = |error: TransportError| {
            let details = error.details.as_ref().map(tracing::field::display);
            tracing::error!(pattern = %route, handler = %name, details, "an event failed: {error}");
            Answer::One(Err(error))
        };
        match self.handle(message, subject, None).await {
            Answer::One(Err(error)) => failed(error),
            Answer::Many(mut items) => {
                while let Some(item) = items.next().await {
                    if let Err(error) = item {
                        // An error is the last item of a stream.
                        return failed(error);
                    }
                }
                Answer::Silent
            }
            _ => Answer::Silent,
        }
    }

    async fn handle(
        &self,
        message: Message,
        subject: Option<Arc<str>>,
        id: Option<&Bytes>,
    ) -> Answer {
        let place = match &self.method.room {
            // It is never closed.
            Some(room) => Arc::clone(room).acquire_owned().await.ok(),
            None => None,
        };
        match contain(self.pass(message, subject)).await {
            Ok(Ok((Answer::Many(items), caught))) => {
                let items = self.clone().up_to_error(items, caught, id.cloned());
                // The place is free once the last item is there.
                Answer::Many(
                    items
                        .chain(stream::poll_fn(move |_| {
                            let _held = &place;
                            std::task::Poll::Ready(None)
                        }))
                        .boxed(),
                )
            }
            Ok(Ok((answer, _))) => answer,
            Ok(Err(error)) => Answer::One(Err(error)),
            Err(panic) => Answer::One(Err(self.panicked(&panic, id))),
        }
    }

    async fn pass(
        &self,
        message: Message,
        subject: Option<Arc<str>>,
    ) -> Result<(Answer, Option<Caught>), TransportError> {
        let Method {
            chain, home, call, ..
        } = &*self.method;
        let ctx = Ctx {
            pattern: subject.unwrap_or_else(|| Arc::clone(&self.route)),
            kind: message.kind,
            handler: self.name(),
            context: message.context,
        };
        let mut incoming = Incoming::new(ctx, message.payload.into());
        incoming.home.clone_from(home);
        if self.method.is_of_request
            && let Some(home) = &mut incoming.home
        {
            home.request = Some(home.container.scope().supply(incoming.ctx.clone()));
        }
        if !chain.has_filters() {
            return Ok((chain.run(incoming, call).await?, None));
        }
        let caught = Caught {
            ctx: incoming.ctx.clone(),
            home: incoming.home.clone(),
        };
        let answer = match chain.run(incoming, call).await {
            Err(error) => self.catch(error, &caught).await?,
            Ok(answer) => answer,
        };
        Ok((answer, Some(caught)))
    }

    async fn catch(
        &self,
        error: TransportError,
        caught: &Caught,
    ) -> Result<Answer, TransportError> {
        let Caught { ctx, home } = caught;
        self.method.chain.catch(error, ctx, home.as_ref()).await
    }

    /// A handler's stream runs after the handler: its panics end here as well,
    /// and its error goes through the filters. Nothing follows that.
    fn up_to_error(
        self,
        items: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static,
        caught: Option<Caught>,
        id: Option<Bytes>,
    ) -> impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static {
        let items = Box::pin(AssertUnwindSafe(items).catch_unwind());
        stream::unfold(Some((self, items, caught, id)), async |state| {
            let (handler, mut items, caught, id) = state?;
            let panicked = |panic: &str| Err(handler.panicked(panic, id.as_ref()));
            let error = match items.next().await? {
                Ok(Ok(item)) => return Some((Ok(item), Some((handler, items, caught, id)))),
                Ok(Err(error)) => error,
                Err(panic) => return Some((panicked(&message_of(&*panic)), None)),
            };
            let Some(caught) = caught else {
                return Some((Err(error), None));
            };
            let last = match contain(handler.catch(error, &caught)).await {
                Ok(Ok(Answer::One(last))) => last.transpose()?,
                Ok(Ok(_)) => return None,
                Ok(Err(error)) => Err(error),
                Err(panic) => panicked(&panic),
            };
            Some((last, None))
        })
    }

    /// What the caller may know of an error; the rest is logged.
    fn mask(&self, error: TransportError, id: Option<&Bytes>) -> TransportError {
        if error.kind() != ErrorKind::Internal || self.method.expose_errors {
            return error;
        }
        let (pattern, handler, id) = (&self.route, self.name(), shown(id));
        tracing::error!(%pattern, %handler, id = &*id, "a handler failed: {error}");
        TransportError::new(INTERNAL_SERVER_ERROR)
    }

    fn panicked(&self, panic: &str, id: Option<&Bytes>) -> TransportError {
        let (pattern, handler, id) = (&self.route, self.name(), shown(id));
        tracing::error!(%pattern, %handler, id = &*id, "a handler panicked: {panic}");
        TransportError::new(INTERNAL_SERVER_ERROR)
    }
}

/// A request's id in the log: strings without their quotes.
fn shown(id: Option<&Bytes>) -> Cow<'_, str> {
    let id = id.map_or(&[][..], |id| id);
    let quoted = id.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\""));
    String::from_utf8_lossy(quoted.unwrap_or(id))
}

/// What a filter is told.
struct Caught {
    ctx: Ctx,
    home: Option<Home>,
}

impl Method {
    fn bind<T: MicroRoutes>(
        handler: &'static Handler<T>,
        service: &Service<T>,
        binding: &Binding<'_>,
    ) -> Result<Self, BindError> {
        let name = HandlerName::of::<T>(handler.method, handler.at);
        let chain = binding.chain([T::ENHANCERS, handler.enhancers], name)?;
        let dependencies = handler.dependencies.iter().flatten();
        let is_of_request = [
            chain.is_of_request(),
            matches!(service, Service::OfRequest(_)),
            binding.needs_request(dependencies, name)?,
        ];
        let room = handler.max_in_flight;
        Ok(Self {
            name,
            chain,
            home: binding.home.clone(),
            is_of_request: is_of_request.contains(&true),
            room: room.map(|room| Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)))),
            expose_errors: binding.expose_errors,
            call: service.call(handler.call),
        })
    }
}

impl fmt::Debug for BoundHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundHandler")
            .field("kind", &self.kind())
            .field("route", &self.route)
            .field("name", &self.method.name)
            .finish()
    }
}

//! One handler of one pattern, with all that runs around it, as it is put
//! together before the first message.
//!
//! The next file on a message's path is [`crate::running`].

use std::fmt;
use std::sync::Arc;

use nestrs_core::MessageKind;
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::bind::{Binding, Service};
use crate::ctx::Named;
use crate::enhancer::Chain;
use crate::error::BindError;
use crate::handler::{Handler, HandlerName, HandlerPattern, MicroRoutes};
use crate::home::Home;
use crate::running::BoundCall;

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
pub struct BoundHandler(Arc<Bound>);

struct Bound {
    pattern: &'static HandlerPattern,
    named: Arc<Named>,
    method: Arc<Method>,
}

/// What the patterns of one method share.
pub(crate) struct Method {
    pub(crate) chain: Chain,
    pub(crate) call: Box<BoundCall>,
    /// There where anything is asked of the container.
    pub(crate) home: Option<Home>,
    /// Whether nothing stands around it.
    pub(crate) is_bare: bool,
    /// Whether anything of it is made for each message.
    pub(crate) is_of_request: bool,
    pub(crate) room: Option<Arc<Semaphore>>,
    pub(crate) expose_errors: bool,
    signature: Option<fn() -> Value>,
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
            let name = HandlerName::of::<T>(handler.method, handler.at);
            let method = Arc::new(Method::bind(handler, name, service, binding)?);
            handlers.extend(handler.patterns.iter().map(|pattern| {
                let route = pattern.pattern.to_pattern().into_string().into();
                Self(Arc::new(Bound {
                    pattern,
                    named: Arc::new(Named { route, name }),
                    method: Arc::clone(&method),
                }))
            }));
        }
        Ok(handlers)
    }

    /// Whether it handles requests or events.
    pub fn kind(&self) -> MessageKind {
        self.0.pattern.kind
    }

    /// The pattern it handles, as a route.
    pub fn route(&self) -> &str {
        &self.0.named.route
    }

    /// The only transport it is called through, if there is but one.
    pub fn transport(&self) -> Option<&'static str> {
        self.0.pattern.transport
    }

    /// What it has to say to the transport.
    pub(crate) fn extras(&self) -> Value {
        match self.0.method.signature {
            Some(signature) => signature(),
            None => {
                let json = self.0.pattern.extras.unwrap_or("null");
                serde_json::from_str(json).unwrap_or_default()
            }
        }
    }

    /// Which method it is, and where.
    pub fn name(&self) -> HandlerName {
        self.0.named.name
    }

    pub(crate) fn named(&self) -> Arc<Named> {
        Arc::clone(&self.0.named)
    }

    pub(crate) fn method(&self) -> &Method {
        &self.0.method
    }
}

impl Method {
    fn bind<T: MicroRoutes>(
        handler: &'static Handler<T>,
        name: HandlerName,
        service: &Service<T>,
        binding: &Binding<'_>,
    ) -> Result<Self, BindError> {
        let chain = binding.chain([T::ENHANCERS, handler.enhancers], name)?;
        let dependencies = || handler.dependencies.iter().flatten();
        let is_of_request = [
            chain.is_of_request(),
            matches!(service, Service::OfRequest(_)),
            binding.needs_request(dependencies(), name)?,
        ];
        let is_of_request = is_of_request.contains(&true);
        let asks = is_of_request || dependencies().next().is_some();
        let room = handler.max_in_flight;
        Ok(Self {
            is_bare: chain.is_empty() && room.is_none() && matches!(service, Service::Ready(_)),
            chain,
            home: binding.home.clone().filter(|_| asks),
            is_of_request,
            room: room.map(|room| Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS)))),
            expose_errors: binding.expose_errors,
            signature: handler.signature,
            call: service.call(handler.call),
        })
    }
}

impl fmt::Debug for BoundHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundHandler")
            .field("kind", &self.kind())
            .field("route", &self.route())
            .field("name", &self.name())
            .finish()
    }
}

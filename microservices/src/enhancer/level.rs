//! The enhancers of an application as a whole, and of a module.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use nestrs_di::{Container, Each, Key, ModuleId, OfRequest, Provider};

use super::chain::Level;
use super::{
    Enhancers, ExceptionFilter, Guard, Interceptor, Listed, Messages, Pipe, Protocol, Source,
};

/// Bind a guard to this, and it guards every handler of the application:
/// NestJS's `APP_GUARD`.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::{Provider, injectable, module};
/// use nestrs_microservices::{AppGuard, Guard, Incoming, TransportError, async_trait};
///
/// #[injectable]
/// struct SessionGuard;
///
/// #[async_trait]
/// impl Guard for SessionGuard {
///     async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
///         match message.ctx().headers.get("session") {
///             Some(_) => Ok(()),
///             None => Err(TransportError::new("Forbidden resource")),
///         }
///     }
/// }
///
/// #[module(providers = [SessionGuard, Provider::bind::<AppGuard, SessionGuard>()])]
/// struct AppModule;
/// ```
///
/// One that is request-scoped is made for each message.
pub type AppGuard = dyn Guard;
/// As [`AppGuard`], for interceptors.
pub type AppInterceptor = dyn Interceptor;
/// As [`AppGuard`], for pipes.
pub type AppPipe = dyn Pipe;
/// As [`AppGuard`], for exception filters.
pub type AppFilter = dyn ExceptionFilter;

/// The enhancers that an application puts around all its handlers.
///
/// ```
/// use nestrs_microservices::{GlobalEnhancers, MicroCanActivate, TransportError, async_trait};
/// use serde_json::Value;
///
/// #[derive(Default)]
/// struct NoNulls;
///
/// #[async_trait]
/// impl MicroCanActivate for NoNulls {
///     async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
///         match payload {
///             Value::Null => Err(TransportError::new("a payload, please")),
///             _ => Ok(()),
///         }
///     }
/// }
///
/// let mut global = GlobalEnhancers::default();
/// global.guard(NoNulls);
/// ```
pub struct GlobalEnhancers<P: Protocol = Messages> {
    pub(super) interceptors: Vec<Global<dyn Interceptor<P>>>,
    pub(super) guards: Vec<Global<dyn Guard<P>>>,
    pub(super) pipes: Vec<Global<dyn Pipe<P>>>,
    pub(super) filters: Vec<Global<dyn ExceptionFilter<P>>>,
}

impl Default for GlobalEnhancers {
    fn default() -> Self {
        Self::NONE
    }
}

impl<P: Protocol> Clone for GlobalEnhancers<P> {
    fn clone(&self) -> Self {
        Self {
            interceptors: self.interceptors.clone(),
            guards: self.guards.clone(),
            pipes: self.pipes.clone(),
            filters: self.filters.clone(),
        }
    }
}

impl<P: Protocol> GlobalEnhancers<P> {
    /// None of any kind.
    pub const NONE: Self = Self {
        interceptors: Vec::new(),
        guards: Vec::new(),
        pipes: Vec::new(),
        filters: Vec::new(),
    };

    /// Adds a guard.
    pub fn guard(&mut self, guard: impl Guard<P>) {
        self.shared_guard(Arc::new(guard));
    }

    /// Adds a guard that others have too.
    pub fn shared_guard(&mut self, guard: Arc<dyn Guard<P>>) {
        self.guards.push(Global::Ready(guard));
    }

    /// Adds an interceptor.
    pub fn interceptor(&mut self, interceptor: impl Interceptor<P>) {
        self.shared_interceptor(Arc::new(interceptor));
    }

    /// Adds an interceptor that others have too.
    pub fn shared_interceptor(&mut self, interceptor: Arc<dyn Interceptor<P>>) {
        self.interceptors.push(Global::Ready(interceptor));
    }

    /// Adds a pipe.
    pub fn pipe(&mut self, pipe: impl Pipe<P>) {
        self.shared_pipe(Arc::new(pipe));
    }

    /// Adds a pipe that others have too.
    pub fn shared_pipe(&mut self, pipe: Arc<dyn Pipe<P>>) {
        self.pipes.push(Global::Ready(pipe));
    }

    /// Adds an exception filter.
    pub fn filter(&mut self, filter: impl ExceptionFilter<P>) {
        self.shared_filter(Arc::new(filter));
    }

    /// Adds an exception filter that others have too.
    pub fn shared_filter(&mut self, filter: Arc<dyn ExceptionFilter<P>>) {
        self.filters.push(Global::Ready(filter));
    }

    /// With those of `others` within them.
    pub fn extend(&mut self, others: Self) {
        self.interceptors.extend(others.interceptors);
        self.guards.extend(others.guards);
        self.pipes.extend(others.pipes);
        self.filters.extend(others.filters);
    }

    /// With those before them that providers are bound to.
    #[doc(hidden)]
    #[must_use]
    pub fn after_bound(self, container: &Container) -> Self {
        Self {
            interceptors: after_each(container, self.interceptors),
            guards: after_each(container, self.guards),
            pipes: after_each(container, self.pipes),
            filters: after_each(container, self.filters),
        }
    }
}

/// One around all handlers: there, or made for each call.
pub(super) enum Global<E: ?Sized> {
    Ready(Arc<E>),
    OfRequest(OfRequest),
}

impl<E: ?Sized> Clone for Global<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Ready(enhancer) => Self::Ready(Arc::clone(enhancer)),
            Self::OfRequest(provider) => Self::OfRequest(*provider),
        }
    }
}

fn after_each<E: ?Sized + Send + Sync + 'static>(
    container: &Container,
    others: Vec<Global<E>>,
) -> Vec<Global<E>> {
    let bound = container.each().into_iter().map(|each| match each {
        Each::Singleton(enhancer) => Global::Ready(enhancer),
        Each::OfRequest(provider) => Global::OfRequest(provider),
    });
    bound.chain(others).collect()
}

impl<P: Protocol> fmt::Debug for GlobalEnhancers<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlobalEnhancers")
            .field("interceptors", &self.interceptors.len())
            .field("guards", &self.guards.len())
            .field("pipes", &self.pipes.len())
            .field("filters", &self.filters.len())
            .finish()
    }
}

/// The enhancers of all message handlers of one module, to be listed among its
/// providers. They come from the container, as the module sees it.
///
/// Routes of HTTP in the module have none of them: those have theirs on their
/// block, below `#[routes]`, or around all of the application
/// (`Provider::bind::<AppHttpGuard, G>()`).
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::{injectable, module};
/// use nestrs_microservices::{Guard, Incoming, ModuleEnhancers, TransportError, async_trait};
///
/// #[injectable]
/// struct SessionGuard;
///
/// #[async_trait]
/// impl Guard for SessionGuard {
///     async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
///         Ok(())
///     }
/// }
///
/// #[module(providers = [SessionGuard, ModuleEnhancers::new().guard::<SessionGuard>()])]
/// struct OrdersModule;
/// ```
#[derive(Debug)]
#[must_use]
pub struct ModuleEnhancers {
    pub(crate) at: &'static Location<'static>,
    pub(super) interceptors: Vec<&'static dyn Source<dyn Interceptor>>,
    pub(super) guards: Vec<&'static dyn Source<dyn Guard>>,
    pub(super) pipes: Vec<&'static dyn Source<dyn Pipe>>,
    pub(super) filters: Vec<&'static dyn Source<dyn ExceptionFilter>>,
}

impl ModuleEnhancers {
    /// None yet.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            at: Location::caller(),
            interceptors: Vec::new(),
            guards: Vec::new(),
            pipes: Vec::new(),
            filters: Vec::new(),
        }
    }

    /// Adds a guard.
    pub fn guard<G: Guard>(mut self) -> Self {
        self.guards.push(Listed::<G>::IN_CONTAINER);
        self
    }

    /// Adds an interceptor.
    pub fn interceptor<I: Interceptor>(mut self) -> Self {
        self.interceptors.push(Listed::<I>::IN_CONTAINER);
        self
    }

    /// Adds a pipe.
    pub fn pipe<P: Pipe>(mut self) -> Self {
        self.pipes.push(Listed::<P>::IN_CONTAINER);
        self
    }

    /// Adds an exception filter.
    pub fn filter<F: ExceptionFilter>(mut self) -> Self {
        self.filters.push(Listed::<F>::IN_CONTAINER);
        self
    }

    pub(crate) fn level(&self) -> Level<'_, Messages> {
        Level {
            interceptors: &self.interceptors,
            guards: &self.guards,
            pipes: &self.pipes,
            filters: &self.filters,
        }
    }

    /// What the module has to see.
    pub(crate) fn listed(&self) -> Vec<Key> {
        let interceptors = self.interceptors.iter().map(|source| source.key());
        let guards = self.guards.iter().map(|source| source.key());
        let pipes = self.pipes.iter().map(|source| source.key());
        let filters = self.filters.iter().map(|source| source.key());
        interceptors
            .chain(guards)
            .chain(pipes)
            .chain(filters)
            .collect()
    }

    /// Those of `module`.
    pub(crate) fn of(container: &Container, module: ModuleId) -> Option<Arc<Self>> {
        let listed = container.get_in(module, Key::of::<Self>())?;
        listed.downcast().ok()
    }
}

impl Default for ModuleEnhancers {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<G: 'static> Listed<G> {
    const IN_CONTAINER: &'static Self = &Self {
        default: None,
        provide: None,
    };
}

impl From<ModuleEnhancers> for Provider {
    #[track_caller]
    fn from(enhancers: ModuleEnhancers) -> Self {
        Self::value(enhancers)
    }
}

impl<P: Protocol> From<Enhancers<P>> for Level<'_, P> {
    fn from(enhancers: Enhancers<P>) -> Self {
        Self {
            interceptors: enhancers.interceptors,
            guards: enhancers.guards,
            pipes: enhancers.pipes,
            filters: enhancers.filters,
        }
    }
}

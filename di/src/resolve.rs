//! Asking the container at run time.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Weak};

use crate::build::{self, Order};
use crate::container::{Container, Inner};
use crate::failure::{Cause, Failure};
use crate::graph::{ModuleId, ProviderId};
use crate::inject::{Arity, Inject, Request};
use crate::injectable::Injectable;
use crate::key::Key;
use crate::resolved::Resolved;
use crate::scope::{RequestScope, Scope};

/// The container as one module sees it, injected by value.
///
/// ```
/// use nestrs_di::{Graph, ModuleRef, injectable, module};
///
/// #[injectable(scope = "transient")]
/// struct Job;
///
/// #[injectable]
/// struct Queue { container: ModuleRef }
///
/// #[module(providers = [Job, Queue])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let queue = container.get::<Queue>().unwrap();
/// let job = queue.container.resolve::<Job>().await.unwrap();
/// assert!(queue.container.get::<Job>().is_err(), "a transient is resolved, not got");
/// # }
/// ```
#[derive(Clone)]
pub struct ModuleRef {
    inner: Weak<Inner>,
    module: ModuleId,
}

impl Container {
    /// The container as `module` sees it.
    ///
    /// ```
    /// # fn example(container: &nestrs_di::Container) {
    /// let root = container.module_ref(container.root());
    /// # }
    /// ```
    pub fn module_ref(&self, module: ModuleId) -> ModuleRef {
        ModuleRef {
            inner: Arc::downgrade(self.inner()),
            module,
        }
    }
}

impl ModuleRef {
    /// The singleton of `T`.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, Scope, injectable, module};
    /// # #[injectable(scope = "transient")] struct Job;
    /// # #[module(providers = [Job, Provider::value(7_u32)])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let module = container.module_ref(container.root());
    /// assert_eq!(*module.get::<u32>().unwrap(), 7);
    /// assert!(module.get::<Job>().is_err());
    /// # }
    /// ```
    ///
    /// # Errors
    /// The module does not see one, or it is no singleton.
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, ResolveError> {
        let (inner, id) = self.find(Key::of::<T>())?;
        match inner.handle(id).and_then(|handle| handle.get()) {
            Some(instance) => Ok(instance),
            None => Err(ResolveError::NoSingleton(
                Key::of::<T>(),
                inner.graph.provider(id).scope,
            )),
        }
    }

    /// The instance of `T`: the singleton, a new transient, or one of a request of its own.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, Scope, injectable, module};
    /// # #[injectable(scope = "transient")] struct Job;
    /// # #[module(providers = [Job, Provider::value(7_u32)])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let module = container.module_ref(container.root());
    /// let job = module.resolve::<Job>().await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// The module does not see one, or a constructor failed.
    ///
    /// # Cancel safety
    /// A constructor cut short leaves nothing behind.
    pub async fn resolve<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, ResolveError> {
        let key = Key::of::<T>();
        let (inner, id) = self.find(key)?;
        let handle = Container::from(inner).scope().handle(id).await?;
        handle.get().ok_or(ResolveError::Missing(key))
    }

    /// A new `T`, which no module has to list, from what this module sees.
    ///
    /// ```
    /// use nestrs_di::{Graph, injectable, module};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// struct Clock;
    ///
    /// #[injectable]
    /// struct Job { clock: Arc<Clock> }
    ///
    /// #[module(providers = [Clock])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let job: Job = container.module_ref(container.root()).create().await.unwrap();
    /// assert!(Arc::ptr_eq(&job.clock, &container.get::<Clock>().unwrap()));
    /// # }
    /// ```
    ///
    /// # Errors
    /// The module does not see a dependency, or a constructor failed.
    ///
    /// # Cancel safety
    /// A constructor cut short leaves nothing behind.
    pub async fn create<T: Injectable>(&self) -> Result<T, ResolveError> {
        let inner = self.inner.upgrade().ok_or(ResolveError::Gone)?;
        let descriptor = T::DESCRIPTOR;
        let edges = inner
            .graph
            .answer(self.module, &descriptor.dependencies)
            .map_err(ResolveError::Missing)?;
        let order = Order {
            descriptor,
            module: self.module,
            edges: &edges,
            asks: None,
            caller: None,
        };
        let failed = |cause| Failure::of(&inner.graph, self.module, descriptor, cause);
        let scope = Container::from(Arc::clone(&inner)).scope();
        let built = build::ordered(&inner, &order, Some(&scope)).await;
        let handle = built
            .map_err(|broken| ResolveError::Failed(Box::new(broken.unwrap_or_else(failed))))?;
        let instance = handle.get();
        drop(handle);
        // Nobody else has seen it.
        instance
            .and_then(Arc::into_inner)
            .ok_or(ResolveError::Missing(descriptor.key))
    }

    /// Opens a request scope, as [`Container::scope`].
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, Scope, injectable, module};
    /// # #[injectable(scope = "transient")] struct Job;
    /// # #[module(providers = [Job, Provider::value(7_u32)])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let module = container.module_ref(container.root());
    /// let job = module.scope().unwrap().get::<Job>().await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// The application is gone.
    pub fn scope(&self) -> Result<RequestScope, ResolveError> {
        let inner = self.inner.upgrade().ok_or(ResolveError::Gone)?;
        Ok(Container::from(inner).scope())
    }

    fn find(&self, key: Key) -> Result<(Arc<Inner>, ProviderId), ResolveError> {
        let inner = self.inner.upgrade().ok_or(ResolveError::Gone)?;
        let id = inner
            .graph
            .resolve(self.module, &key)
            .ok_or(ResolveError::Missing(key))?;
        Ok((inner, id))
    }
}

impl Inject for ModuleRef {
    const REQUEST: Request = Request::new(Key::of::<Self>(), Arity::Context);

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        from.next();
        Ok(Self {
            inner: Arc::downgrade(from.inner),
            module: from.module,
        })
    }
}

impl fmt::Debug for ModuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ModuleRef").field(&self.module).finish()
    }
}

/// Injected into a transient provider: for whom it is built.
///
/// ```
/// use nestrs_di::{Caller, Graph, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable(scope = "transient")]
/// struct Logger { of: Caller }
///
/// #[injectable]
/// struct Orders { logger: Arc<Logger> }
///
/// #[module(providers = [Logger, Orders])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let orders = container.get::<Orders>().unwrap();
/// assert_eq!(orders.logger.of.key().unwrap().short_name(), "Orders");
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Caller(Option<Key>);

impl Caller {
    /// The provider it is built for; `None` if it is built for nobody in particular.
    pub fn key(&self) -> Option<Key> {
        self.0
    }
}

impl Inject for Caller {
    const REQUEST: Request = Request::new(Key::of::<Self>(), Arity::Context);

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        from.next();
        Ok(Self(
            from.caller.map(|id| from.inner.graph.provider(id).key()),
        ))
    }
}

/// Why nothing came of asking the container.
///
/// ```
/// use nestrs_di::{Graph, ResolveError, module};
///
/// #[module]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let error = container.scope().get::<String>().await.unwrap_err();
/// assert!(matches!(error, ResolveError::Missing(_)));
/// assert_eq!(error.to_string(), "nothing provides `String` here");
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ResolveError {
    /// Nothing provides it where it is asked for.
    Missing(Key),
    /// It exists once for everyone who asks, or once a request: to be resolved, not got.
    NoSingleton(Key, Scope),
    /// A constructor failed.
    Failed(Box<Failure>),
    /// The application is gone.
    Gone,
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(key) => write!(f, "nothing provides `{key}` here"),
            Self::NoSingleton(key, scope) => {
                write!(
                    f,
                    "`{key}` has scope `{scope}`, so there is no instance to get: resolve one"
                )
            }
            Self::Failed(failure) => failure.fmt(f),
            Self::Gone => f.write_str("the application is gone"),
        }
    }
}

impl Error for ResolveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(failure) => Some(&**failure),
            _ => None,
        }
    }
}

//! How long an instance lives, and the instances of one request.

use std::any::TypeId;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::lock::Mutex as AsyncMutex;
use rustc_hash::FxHashMap;

use crate::build;
use crate::container::{Container, Inner};
use crate::failure::Failure;
use crate::graph::{ModuleId, ProviderId};
use crate::handle::{Handle, Instance};
use crate::key::Key;
use crate::resolve::ResolveError;

/// How many instances of a provider there are.
///
/// ```
/// use nestrs_di::{Module, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable(scope = "request")]
/// struct User;
///
/// #[injectable]
/// struct Orders { user: Arc<User> }
///
/// #[module(providers = [User, Orders])]
/// struct AppModule;
///
/// let error = AppModule::verify().unwrap_err().to_string();
/// assert!(error.contains("DI004"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// One for the application.
    Singleton,
    /// One for everyone who asks.
    Transient,
    /// One for every request: a message, an HTTP request.
    Request,
    /// As `Request` if it depends on something that is, as `Singleton` if not.
    Inherit,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Singleton => "singleton",
            Self::Transient => "transient",
            Self::Request => "request",
            Self::Inherit => "inherit",
        })
    }
}

/// The instances of one request. A clone is the same scope; what it built is dropped with the last of them, in reverse.
///
/// ```
/// use nestrs_di::{Graph, Provider, injectable, module};
/// use std::sync::Arc;
///
/// struct UserId(u32);
///
/// #[injectable(scope = "request")]
/// struct Greeting { user: Arc<UserId> }
///
/// #[module(providers = [Greeting, Provider::supplied::<UserId>()])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let scope = container.scope().supply(UserId(7));
/// let greeting = scope.get::<Greeting>().await.unwrap();
/// assert_eq!(greeting.user.0, 7);
/// assert!(Arc::ptr_eq(&greeting, &scope.get::<Greeting>().await.unwrap()));
/// # }
/// ```
#[derive(Clone)]
pub struct RequestScope(Arc<State>);

struct State {
    inner: Arc<Inner>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    supplied: FxHashMap<TypeId, Handle>,
    cells: FxHashMap<ProviderId, Cell>,
    built: Vec<Handle>,
}

/// Locked while its instance is being built, so that this happens once; a failure leaves it empty.
type Cell = Arc<AsyncMutex<Option<Handle>>>;

impl Container {
    /// Opens a request scope. Costs an allocation; a handler for whom [`needs_scope`](Self::needs_scope) is false does without.
    ///
    /// ```
    /// # use nestrs_di::{Graph, injectable, module};
    /// # #[injectable(scope = "request")] struct User;
    /// # #[module(providers = [User])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.get::<User>().is_none());
    /// assert!(container.scope().get::<User>().await.is_ok());
    /// # }
    /// ```
    pub fn scope(&self) -> RequestScope {
        RequestScope(Arc::new(State {
            inner: Arc::clone(self.inner()),
            kept: Mutex::default(),
        }))
    }

    /// Whether what `module` gets for `key` is of a request, or built of something that is.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, injectable, module};
    /// # #[injectable(scope = "request")] struct User;
    /// # #[module(providers = [User])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.needs_scope(container.root(), Key::of::<User>()));
    /// # }
    /// ```
    pub fn needs_scope(&self, module: ModuleId, key: Key) -> bool {
        let graph = &self.inner().graph;
        graph
            .resolve(module, &key)
            .is_some_and(|id| graph.provider(id).needs_request)
    }
}

impl RequestScope {
    /// Brings something along that the graph has as [`Provider::supplied`](crate::Provider::supplied).
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, Provider, injectable, module};
    /// # struct UserId(u32);
    /// # #[injectable(scope = "request")] struct User { id: std::sync::Arc<UserId> }
    /// # #[module(providers = [User, Provider::supplied::<UserId>()])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let scope = container.scope().supply(UserId(7));
    /// assert_eq!(scope.get::<User>().await.unwrap().id.0, 7);
    /// # }
    /// ```
    #[must_use]
    pub fn supply<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.kept()
            .supplied
            .insert(TypeId::of::<T>(), Handle::new(value));
        self
    }

    /// The instance of `T` for this request; singletons are the application's, transients are new.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, Provider, injectable, module};
    /// # struct UserId(u32);
    /// # #[injectable(scope = "request")] struct User { id: std::sync::Arc<UserId> }
    /// # #[module(providers = [User, Provider::supplied::<UserId>()])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let scope = container.scope().supply(UserId(7));
    /// let (user, again) = (scope.get::<User>().await.unwrap(), scope.get::<User>().await.unwrap());
    /// assert!(std::sync::Arc::ptr_eq(&user, &again));
    /// # }
    /// ```
    ///
    /// # Errors
    /// There is no such provider, or its constructor failed. A failure is not remembered.
    ///
    /// # Cancel safety
    /// A constructor cut short leaves nothing behind; the next to ask starts it again.
    pub async fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, ResolveError> {
        let key = Key::of::<T>();
        let id = self.0.inner.graph.preferred(key.type_id());
        let handle = self.handle(id.ok_or(ResolveError::Missing(key))?).await?;
        handle.get().ok_or(ResolveError::Missing(key))
    }

    /// What `module` gets when it asks for `key` during this request.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, Provider, injectable, module};
    /// # struct UserId(u32);
    /// # #[injectable(scope = "request")] struct User { id: std::sync::Arc<UserId> }
    /// # #[module(providers = [User, Provider::supplied::<UserId>()])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let scope = container.scope().supply(UserId(7));
    /// let user = scope.get_in(container.root(), Key::of::<User>()).await.unwrap();
    /// assert!(user.downcast::<User>().is_ok());
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn get_in(&self, module: ModuleId, key: Key) -> Result<Instance, ResolveError> {
        let id = self.0.inner.graph.resolve(module, &key);
        let handle = self.handle(id.ok_or(ResolveError::Missing(key))?).await?;
        Ok(handle.instance())
    }

    /// As [`get_in`](Self::get_in), by type.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, Provider, injectable, module};
    /// # struct UserId(u32);
    /// # #[injectable(scope = "request")] struct User { id: std::sync::Arc<UserId> }
    /// # #[module(providers = [User, Provider::supplied::<UserId>()])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// # let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let scope = container.scope().supply(UserId(7));
    /// let user = scope.resolve_in::<User>(container.root()).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn resolve_in<T: ?Sized + Send + Sync + 'static>(
        &self,
        module: ModuleId,
    ) -> Result<Arc<T>, ResolveError> {
        let key = Key::of::<T>();
        let id = self.0.inner.graph.resolve(module, &key);
        let handle = self.handle(id.ok_or(ResolveError::Missing(key))?).await?;
        handle.get().ok_or(ResolveError::Missing(key))
    }

    pub(crate) async fn handle(&self, id: ProviderId) -> Result<Handle, ResolveError> {
        let inner = &self.0.inner;
        if let Some(singleton) = inner.handle(id) {
            return Ok(singleton.clone());
        }
        let built = match inner.graph.provider(id).scope {
            Scope::Transient => build::fresh(inner, id, None, Some(self)).await,
            _ => self.get_or_build(id).await,
        };
        built.map_err(|failure| ResolveError::Failed(Box::new(failure)))
    }

    pub(crate) async fn get_or_build(&self, id: ProviderId) -> Result<Handle, Failure> {
        let cell = Cell::clone(self.kept().cells.entry(id).or_default());
        let mut cell = cell.lock().await;
        if let Some(handle) = &*cell {
            return Ok(handle.clone());
        }
        let handle = build::fresh(&self.0.inner, id, None, Some(self)).await?;
        self.kept().built.push(handle.clone());
        Ok(cell.insert(handle).clone())
    }

    pub(crate) fn supplied(&self, type_id: TypeId) -> Option<Handle> {
        self.kept().supplied.get(&type_id).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing of a user's runs under this lock: poisoned or not, the state is whole.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.cells.clear();
        while let Some(last) = self.built.pop() {
            drop(last);
        }
    }
}

impl fmt::Debug for RequestScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestScope")
            .field("built", &self.kept().built.len())
            .finish_non_exhaustive()
    }
}

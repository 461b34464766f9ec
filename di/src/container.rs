//! The finished application.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::graph::{Graph, ModuleId, ProviderId};
use crate::handle::{Handle, Instance};
use crate::hooks::{Hook, HookFn};
use crate::key::Key;
use crate::module::Module;
use crate::options::Options;

/// Every provider of an application, built. Immutable; a clone is the same container.
///
/// ```
/// use nestrs_di::{Graph, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Clock;
///
/// #[injectable]
/// struct Report { clock: Arc<Clock> }
///
/// #[module(providers = [Report, Clock])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let report = container.get::<Report>().unwrap();
/// assert!(Arc::ptr_eq(&report.clock, &container.get::<Clock>().unwrap()));
/// # }
/// ```
#[derive(Clone)]
pub struct Container {
    inner: Arc<Inner>,
}

/// Written once, while it is constructed; read without a lock from then on.
pub(crate) struct Inner {
    pub(crate) graph: Graph,
    pub(crate) slots: Vec<OnceLock<Handle>>,
    /// What was built, in the order it was.
    built: OnceLock<Vec<ProviderId>>,
    pub(crate) options: Options,
    /// How long asynchronous constructors took, by the provider's number.
    pub(crate) times: OnceLock<FxHashMap<usize, Duration>>,
}

impl Inner {
    pub(crate) fn new(graph: Graph, options: Options) -> Self {
        let slots = std::iter::repeat_with(OnceLock::new)
            .take(graph.providers.len())
            .collect();
        Self {
            graph,
            slots,
            built: OnceLock::new(),
            options,
            times: OnceLock::new(),
        }
    }

    /// Ends construction: from here on, dropping drops what was built in reverse.
    pub(crate) fn finish(
        self: Arc<Self>,
        built: Vec<ProviderId>,
        times: FxHashMap<usize, Duration>,
    ) -> Container {
        let _ = self.times.set(times);
        // Construction is over once, so this is the first and only time.
        let _ = self.built.set(built);
        Container { inner: self }
    }

    #[inline]
    pub(crate) fn handle(&self, id: ProviderId) -> Option<&Handle> {
        self.slots[id.index()].get()
    }

    /// A provider's hook and what to call it on.
    pub(crate) fn hook(
        &self,
        id: ProviderId,
        hook: Hook,
    ) -> Option<(HookFn, &(dyn Any + Send + Sync))> {
        let call = self.graph.provider(id).provider.hooks.get(hook)?;
        Some((call, self.handle(id)?.as_any()))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let built = self.built.take().unwrap_or_default();
        for id in built.into_iter().rev() {
            self.slots[id.index()].take();
        }
    }
}

impl Container {
    /// The instance of `T`, wherever in the application it is: the root module's own, else one it sees, else any module's
    /// (the first in import order). Takes one hash of a `TypeId` and no lock.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.get::<String>().is_none());
    /// # }
    /// ```
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let id = self.inner.graph.preferred(TypeId::of::<T>())?;
        let instance = self.inner.handle(id)?.instance();
        instance.downcast::<T>().ok()
    }

    /// As [`get`](Self::get), for a type or trait that is provided under a name known at run time: the first in import order.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, module};
    /// #[module(providers = [Provider::value(7_u32).named("answer")])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let name = String::from("answer");
    /// assert_eq!(*container.get_named::<u32>(&name).unwrap(), 7);
    /// assert!(container.get::<u32>().is_none());
    /// # }
    /// ```
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Option<Arc<T>> {
        let mut all = self.inner.graph.of_type(TypeId::of::<T>());
        let (id, _) = all.find(|(_, node)| node.key().name() == Some(name))?;
        self.inner.handle(id)?.get()
    }

    /// Whether anything in the application is provided as `T`, of whatever scope and name.
    ///
    /// ```
    /// # use nestrs_di::{Graph, injectable, module};
    /// #[injectable(scope = "request")]
    /// struct User;
    /// #[module(providers = [User])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.contains::<User>() && container.get::<User>().is_none());
    /// # }
    /// ```
    pub fn contains<T: ?Sized + 'static>(&self) -> bool {
        let mut all = self.inner.graph.of_type(TypeId::of::<T>());
        all.any(|(_, node)| !node.pruned)
    }

    /// Whether `module` gets anything when it asks for `key`, of whatever scope.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, injectable, module};
    /// # #[injectable(scope = "transient")] struct Job;
    /// # #[module(providers = [Job])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.sees(container.root(), Key::of::<Job>()));
    /// # }
    /// ```
    pub fn sees(&self, module: ModuleId, key: Key) -> bool {
        let found = self.inner.graph.resolve(module, &key);
        found.is_some_and(|id| !self.inner.graph.provider(id).pruned)
    }

    /// What `module` gets when it asks for `key`.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Key, injectable, module};
    /// # #[injectable] struct Clock;
    /// # #[module(providers = [Clock])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert!(container.get_in(container.root(), Key::of::<Clock>()).is_some());
    /// # }
    /// ```
    pub fn get_in(&self, module: ModuleId, key: Key) -> Option<Instance> {
        let id = self.inner.graph.resolve(module, &key)?;
        self.inner.handle(id).map(Handle::instance)
    }

    /// Every instance of a type, whatever module has it and whatever its name, in import order.
    ///
    /// ```
    /// # use nestrs_di::{Graph, injectable, module};
    /// # #[injectable] struct Clock;
    /// # #[module(providers = [Clock])] struct Wall;
    /// # #[module(imports = [Wall], providers = [Clock])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.instances(std::any::TypeId::of::<Clock>()).count(), 2);
    /// # }
    /// ```
    pub fn instances(&self, type_id: TypeId) -> impl Iterator<Item = Instance> {
        let all = self.inner.graph.of_type(type_id);
        all.filter_map(|(id, _)| Some(self.inner.handle(id)?.instance()))
    }

    /// What was left on modules by [`ModuleDefinition::attach`](crate::ModuleDefinition::attach), in import order.
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Graph, module};
    ///
    /// #[module(imports = [DynamicModule::builder("Routes").attach("/health").build()])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let (module, route) = container.attachments::<&str>().next().unwrap();
    /// assert_eq!((container.module_name(module), *route), ("Routes", "/health"));
    /// # }
    /// ```
    pub fn attachments<A: Any>(&self) -> impl Iterator<Item = (ModuleId, &A)> {
        self.inner.graph.attachments()
    }

    pub(crate) fn from(inner: Arc<Inner>) -> Self {
        Self { inner }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// The module the application starts at.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.module_name(container.root()), "AppModule");
    /// # }
    /// ```
    pub fn root(&self) -> ModuleId {
        self.inner.graph.root()
    }

    /// The module `M`, if the application has it: of one that is imported with options several times, the first.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct UsersModule;
    /// # #[module(imports = [UsersModule])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.module_name(container.module::<UsersModule>().unwrap()), "UsersModule");
    /// # }
    /// ```
    pub fn module<M: Module>(&self) -> Option<ModuleId> {
        let graph = &self.inner.graph;
        let is_of = |id: &ModuleId| graph.module(*id).definition.key == Some(Key::of::<M>());
        graph.module_ids().find(is_of)
    }

    /// A module's name, for messages.
    ///
    /// ```
    /// # use nestrs_di::{Container, ModuleId};
    /// # fn log(container: &Container, module: ModuleId) {
    /// println!("handlers of {}", container.module_name(module));
    /// # }
    /// ```
    ///
    /// # Panics
    /// If `module` belongs to a larger application.
    pub fn module_name(&self, module: ModuleId) -> &str {
        &self.inner.graph.module(module).definition.name
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Container")
            .field("graph", &self.inner.graph)
            .finish_non_exhaustive()
    }
}

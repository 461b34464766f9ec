//! Finding providers by what they are rather than by name.

use std::sync::Arc;

use crate::container::Container;
use crate::graph::{ModuleId, ProviderId};
use crate::handle::{Handle, Instance};
use crate::key::Key;
use crate::resolve::ResolveError;
use crate::scope::RequestScope;

/// A provider with metadata of the type looked for.
///
/// ```
/// # fn example(container: &nestrs_di::Container) {
/// for found in container.discover::<&str>() {
///     println!("{} in {:?}: {}", found.key, found.module, found.metadata);
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Discovered<'a, A> {
    /// What it is asked for by.
    pub key: Key,
    /// Whose it is.
    pub module: ModuleId,
    /// What was found.
    pub metadata: &'a A,
    /// The instance; `None` for what is no singleton.
    pub instance: Option<Instance>,
}

/// A provider of a `T`, see [`Container::each`].
#[derive(Debug)]
pub enum Each<T: ?Sized> {
    /// Its one instance.
    Singleton(Arc<T>),
    /// For [`RequestScope::get_each`].
    OfRequest(OfRequest),
}

/// A provider whose instances are made for requests, or for who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfRequest(ProviderId);

impl RequestScope {
    /// The instance of a provider that [`Container::each`] found, for this request.
    ///
    /// # Errors
    /// Its constructor failed, or it is no provider of a `T` in this application.
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn get_each<T: ?Sized + Send + Sync + 'static>(
        &self,
        provider: OfRequest,
    ) -> Result<Arc<T>, ResolveError> {
        let handle = self.handle(provider.0).await?;
        handle.get().ok_or(ResolveError::Missing(Key::of::<T>()))
    }
}

impl Container {
    /// Every singleton provided as `T`, whatever module has it: for a trait, all that implement it and are bound to it.
    ///
    /// ```
    /// use nestrs_di::{Graph, injectable, module};
    ///
    /// #[injectable]
    /// trait Probe: Send + Sync {}
    ///
    /// #[injectable(bind = dyn Probe)]
    /// struct Disk;
    /// impl Probe for Disk {}
    ///
    /// #[module(providers = [Disk])]
    /// struct StorageModule;
    /// #[module(imports = [StorageModule])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.all::<dyn Probe>().len(), 1);
    /// # }
    /// ```
    pub fn all<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Arc<T>> {
        let inner = self.inner();
        let all = inner.graph.of_type(std::any::TypeId::of::<T>());
        all.filter_map(|(id, _)| inner.handle(id)?.get()).collect()
    }

    /// As [`all`](Self::all), with those that are made for each request in their places among them.
    ///
    /// ```
    /// use nestrs_di::{Each, Graph, injectable, module};
    ///
    /// #[injectable]
    /// trait Probe: Send + Sync {}
    ///
    /// #[injectable(bind = dyn Probe, scope = "request")]
    /// struct Quota;
    /// impl Probe for Quota {}
    ///
    /// #[module(providers = [Quota])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let [Each::OfRequest(quota)] = container.each::<dyn Probe>()[..] else { panic!() };
    /// assert!(container.scope().get_each::<dyn Probe>(quota).await.is_ok());
    /// # }
    /// ```
    pub fn each<T: ?Sized + Send + Sync + 'static>(&self) -> Vec<Each<T>> {
        let inner = self.inner();
        let all = inner.graph.of_type(std::any::TypeId::of::<T>());
        let each = all.filter_map(|(id, node)| match inner.handle(id) {
            Some(handle) => handle.get().map(Each::Singleton),
            None => (!node.pruned).then_some(Each::OfRequest(OfRequest(id))),
        });
        each.collect()
    }

    /// Every provider whose `#[injectable(metadata = …)]` has an `A`, in import order.
    ///
    /// ```
    /// use nestrs_di::{Graph, injectable, module};
    ///
    /// struct Cron(&'static str);
    ///
    /// #[injectable(metadata = Cron("0 3 * * *"))]
    /// struct Backup;
    ///
    /// #[module(providers = [Backup])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let found = container.discover::<Cron>().next().unwrap();
    /// assert_eq!((found.metadata.0, found.key.short_name().as_str()), ("0 3 * * *", "Backup"));
    /// # }
    /// ```
    pub fn discover<A: 'static>(&self) -> impl Iterator<Item = Discovered<'_, A>> {
        let inner = self.inner();
        inner.graph.provider_ids().flat_map(move |id| {
            let node = inner.graph.provider(id);
            let found = node
                .provider
                .metadata
                .iter()
                .filter_map(|any| any.downcast_ref::<A>());
            found.map(move |metadata| {
                let instance = inner.handle(id).map(Handle::instance);
                Discovered {
                    key: node.key(),
                    module: node.module,
                    metadata,
                    instance,
                }
            })
        })
    }
}

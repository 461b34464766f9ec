//! Finding providers by what they are rather than by name.

use std::sync::Arc;

use crate::container::Container;
use crate::graph::ModuleId;
use crate::handle::{Handle, Instance};
use crate::key::Key;

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

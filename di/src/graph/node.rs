//! What a [`Graph`](super::Graph) consists of: modules, providers, and which of these depend on which.

use std::num::NonZeroU32;
use std::sync::Arc;

use crate::build::Build;
use crate::key::Key;
use crate::module::ModuleDefinition;
use crate::provider::Provider;
use crate::scope::Scope;

/// A module of one application. Numbered in import order: what a module imports comes before it, the root module is the last.
///
/// ```
/// use nestrs_di::{Graph, module};
///
/// #[module]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(container.root().index(), 0);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub(super) u32);

impl ModuleId {
    /// Its place in import order.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct UsersModule;
    /// # #[module(imports = [UsersModule])] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.root().index(), 1);
    /// # }
    /// ```
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A provider of one application. Not zero, so that an `Option` of it is no larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct ProviderId(NonZeroU32);

impl ProviderId {
    pub(super) fn new(index: u32) -> Self {
        Self(NonZeroU32::MIN.saturating_add(index))
    }

    pub(crate) fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

pub(crate) struct ModuleNode {
    pub(crate) definition: Arc<ModuleDefinition>,
    pub(crate) imports: Vec<ModuleId>,
    /// Who imported it first: the way from the root module to here.
    pub(crate) parent: Option<ModuleId>,
    /// The modules whose exports it sees, sorted.
    pub(super) reach: Vec<ModuleId>,
}

/// Has copies of what is needed of the provider's description, which lies anywhere in memory: it is looked at once.
pub(crate) struct ProviderNode {
    pub(crate) provider: Provider,
    pub(crate) build: Build,
    pub(crate) module: ModuleId,
    /// The scope its dependencies leave it: never `Inherit`.
    pub(crate) scope: Scope,
    /// Whether it is of a request, or needs something that is.
    pub(crate) needs_request: bool,
    /// Whether something is built for it alone.
    pub(crate) has_own: bool,
    /// What it is a view of, where that is settled by how it is listed.
    pub(super) source: Option<ProviderId>,
    /// What every application has; it is seen from everywhere.
    pub(super) in_root: bool,
    /// Whether it only passes on what it is a view of.
    pub(crate) view: bool,
    /// Whether it may be one of several in its module.
    pub(super) multi: bool,
    /// Left out: only a replaced provider needed it.
    pub(crate) pruned: bool,
    pub(super) exported: bool,
    /// The next provider of the same type.
    pub(super) next: Option<ProviderId>,
    /// What it asks for.
    pub(super) requests: (u32, u32),
    /// What answers that.
    pub(super) edges: (u32, u32),
}

/// One dependency of a provider and what answers it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    /// Which of the provider's dependencies.
    pub(crate) dependency: u32,
    pub(crate) target: ProviderId,
    /// Looked up when it is used: no reason to be built first.
    pub(crate) lazy: bool,
}

impl ProviderNode {
    pub(crate) fn key(&self) -> Key {
        self.provider.key()
    }
}

//! The application as a value, before anything of it exists.
//!
//! Read in this order: `node` (what it consists of), `walk` (which modules there are), `index` (which providers), `sight` (who sees
//! whom), `exports`, `link` (each dependency finds its provider), `order` (what is built after what). `explain` turns what did not work
//! out into a [`Finding`].

mod builder;
mod check;
mod draw;
mod explain;
mod exports;
mod finding;
mod hosts;
mod index;
mod link;
mod mock;
mod node;
mod order;
mod overlooked;
mod prune;
mod replace;
mod scopes;
mod sight;
mod uncalled;
mod unreplaced;
mod unused;
mod view;
mod walk;

use std::any::{Any, TypeId};

use rustc_hash::FxHashMap;

pub use builder::GraphBuilder;
pub use check::{EveryApplication, GraphCheck, Provided};
pub use finding::{Code, Finding, GraphError, Severity, Site};
pub use node::ModuleId;
pub(crate) use node::{Edge, ModuleNode, ProviderId, ProviderNode};
use replace::Replacements;
pub use view::{DependencyView, GraphView, ModuleView, ProviderView};

use crate::construct;
use crate::container::Container;
use crate::failure::ConstructError;
use crate::import::ModuleImport;
use crate::inject::Request;
use crate::key::Key;
use crate::module::Module;
use crate::options::Options;

/// An application's modules and providers, with every dependency resolved and nothing built yet.
///
/// ```
/// use nestrs_di::{Graph, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Users;
///
/// #[injectable]
/// struct Orders { users: Arc<Users> }
///
/// #[module(providers = [Orders])]
/// struct AppModule;
///
/// let error = Graph::of::<AppModule>().unwrap_err();
/// assert!(error.to_string().contains("`Orders` needs `Users`"));
/// ```
pub struct Graph {
    pub(crate) modules: Vec<ModuleNode>,
    pub(crate) providers: Vec<ProviderNode>,
    types: FxHashMap<TypeId, index::Entry>,
    requests: Vec<Request>,
    edges: Vec<Edge>,
    order: Vec<ProviderId>,
    /// What something of another type stands in for.
    stood_in: Vec<Key>,
}

impl Graph {
    /// The application that starts at `M`.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// ```
    ///
    /// # Errors
    /// Everything wrong with the wiring, at once.
    pub fn of<M: Module>() -> Result<Self, GraphError> {
        Self::builder::<M>().build()
    }

    /// As [`of`](Self::of), with parts replaced.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, module};
    /// # #[module(providers = [Provider::value(7_u32)])] struct AppModule;
    /// let graph = Graph::builder::<AppModule>().replace(Provider::value(8_u32)).build().unwrap();
    /// ```
    pub fn builder<M: Module>() -> GraphBuilder {
        GraphBuilder::new::<M>()
    }

    /// The graph as far as it goes, and all that is wrong with it.
    fn check(root: &ModuleImport, mut replacements: Replacements) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut graph = Self {
            modules: walk::modules(root, &mut replacements),
            providers: Vec::new(),
            types: FxHashMap::default(),
            requests: Vec::new(),
            edges: Vec::new(),
            order: Vec::new(),
            stood_in: replacements.stood_in(),
        };
        graph.list_providers(&mut replacements, &mut findings);
        graph.mark_exports(&mut findings);
        graph.prefer();
        let unresolved = graph.link_wanted(&mut replacements, &mut findings);
        findings.extend(unresolved.into_iter().map(|it| it.finding));
        graph.unused_replacements(&replacements, &mut findings);
        graph.unused_modules(&replacements, &mut findings);
        graph.sort(&mut findings);
        graph.settle_scopes(&mut findings);
        findings.extend(graph.run_checks());
        (graph, findings)
    }

    /// Builds every provider, each as soon as its dependencies are there.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// Every constructor that failed or panicked. What was built until then is dropped in reverse order.
    ///
    /// # Cancel safety
    /// Dropping the future drops what was built.
    pub async fn construct(self) -> Result<Container, ConstructError> {
        self.construct_with(Options::new()).await
    }

    /// As [`construct`](Self::construct), within limits.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Options, module};
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// let container = graph.construct_with(Options::new().concurrency(4)).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`construct`](Self::construct); and constructors that took too long.
    ///
    /// # Cancel safety
    /// As [`construct`](Self::construct).
    pub async fn construct_with(self, options: Options) -> Result<Container, ConstructError> {
        construct::construct(self, options).await
    }

    /// What looks wrong and keeps nothing from starting: providers nobody asks for, optional dependencies that get nothing while
    /// what they want is there under another name, and hooks of what is no singleton.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, injectable, module};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// struct Report { title: Option<Arc<String>> }
    ///
    /// #[module(providers = [Report, Provider::value(String::from("Sales")).named("title")])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// let warning = &graph.warnings()[0];
    /// assert_eq!(warning.fix, "write `#[inject(\"title\")]` in front of it, or remove it");
    /// ```
    pub fn warnings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.unused(&mut findings);
        self.overlooked(&mut findings);
        self.uncalled(&mut findings);
        findings
    }

    pub(crate) fn root(&self) -> ModuleId {
        ModuleId(
            u32::try_from(self.modules.len())
                .unwrap_or(u32::MAX)
                .saturating_sub(1),
        )
    }

    pub(crate) fn module(&self, id: ModuleId) -> &ModuleNode {
        &self.modules[id.index()]
    }

    pub(crate) fn provider(&self, id: ProviderId) -> &ProviderNode {
        &self.providers[id.index()]
    }

    /// What the provider asks for, in the order it is declared.
    fn requests(&self, id: ProviderId) -> &[Request] {
        let (start, end) = self.provider(id).requests;
        &self.requests[start as usize..end as usize]
    }

    /// What answers the provider's dependencies, in the order they are declared.
    pub(crate) fn edges(&self, id: ProviderId) -> &[Edge] {
        let (start, end) = self.provider(id).edges;
        &self.edges[start as usize..end as usize]
    }

    /// Those of the edges whose target has to be there first.
    pub(crate) fn strong_edges(&self, id: ProviderId) -> impl Iterator<Item = &Edge> {
        self.edges(id).iter().filter(|edge| !edge.lazy)
    }

    /// Who depends on whom.
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = (ProviderId, ProviderId)> {
        self.provider_ids()
            .flat_map(|id| self.strong_edges(id).map(move |edge| (id, edge.target)))
    }

    /// Providers, each after what it depends on.
    pub(crate) fn order(&self) -> &[ProviderId] {
        &self.order
    }

    pub(crate) fn module_ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..self.modules.len() as u32).map(ModuleId)
    }

    pub(crate) fn provider_ids(&self) -> impl Iterator<Item = ProviderId> + use<> {
        (0..self.providers.len() as u32).map(ProviderId::new)
    }

    /// What was left on modules by [`ModuleDefinition::attach`](crate::ModuleDefinition::attach), in import order.
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Graph, module};
    ///
    /// #[module(imports = [DynamicModule::builder("Routes").attach("/health").build()])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// assert_eq!(graph.attachments::<&str>().next().unwrap().1, &"/health");
    /// ```
    pub fn attachments<A: Any>(&self) -> impl Iterator<Item = (ModuleId, &A)> {
        self.module_ids().flat_map(|id| {
            let attachments = &self.module(id).definition.attachments;
            attachments
                .iter()
                .filter_map(move |any| Some((id, any.downcast_ref::<A>()?)))
        })
    }

    /// From the root module to `module`, by name.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    ///
    /// #[module(providers = [Provider::value(7_u32)])]
    /// struct Numbers;
    /// #[module(imports = [Numbers])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// let number = graph.provided(std::any::TypeId::of::<u32>()).next().unwrap();
    /// assert_eq!(graph.path_to(number.module), ["AppModule", "Numbers"]);
    /// ```
    pub fn path_to(&self, module: ModuleId) -> Vec<String> {
        let mut path: Vec<_> = std::iter::successors(Some(module), |id| self.module(*id).parent)
            .map(|id| self.module(id).definition.name.clone())
            .collect();
        path.reverse();
        path
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Graph")
            .field("modules", &self.modules.len())
            .field("providers", &self.providers.len())
            .finish_non_exhaustive()
    }
}

//! The graph as data, for tools and for pictures.

use serde::Serialize;

use super::{Graph, ProviderId};
use crate::container::Container;

/// An application's modules and providers as plain data, in import order.
///
/// ```
/// use nestrs_di::{Graph, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Clock;
/// #[injectable]
/// struct Report { clock: Arc<Clock> }
/// #[module(providers = [Clock, Report])]
/// struct AppModule;
///
/// let view = Graph::of::<AppModule>().unwrap().view();
/// let report = &view.modules[0].providers[1];
/// assert_eq!((report.name.as_str(), report.level), ("Report", 1));
/// assert_eq!(view.dependencies[0].to, view.modules[0].providers[0].id);
/// println!("{}", serde_json::to_string_pretty(&view).unwrap());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GraphView {
    /// What a module imports comes before it.
    pub modules: Vec<ModuleView>,
    /// Which provider needs which.
    pub dependencies: Vec<DependencyView>,
}

/// A module of a [`GraphView`].
///
/// ```
/// # fn example(module: &nestrs_di::ModuleView) {
/// println!("{} has {} providers", module.name, module.providers.len());
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModuleView {
    /// Its place in import order.
    pub id: usize,
    /// Its name.
    pub name: String,
    /// `file:line:column` of where it is written.
    pub at: String,
    /// Whether all modules see what it exports.
    pub global: bool,
    /// The modules it imports, by their `id`.
    pub imports: Vec<usize>,
    /// What it provides, in the order it is listed.
    pub providers: Vec<ProviderView>,
}

/// A provider of a [`ModuleView`].
///
/// ```
/// # fn example(provider: &nestrs_di::ProviderView) {
/// println!("{} ({}), {}", provider.name, provider.scope, provider.at);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProviderView {
    /// Unique in the graph.
    pub id: usize,
    /// What it is asked for by, as in messages.
    pub name: String,
    /// The full path of its type.
    pub type_name: String,
    /// `file:line:column` of where it is written.
    pub at: String,
    /// `singleton`, `transient` or `request`.
    pub scope: String,
    /// Whether importing modules see it.
    pub exported: bool,
    /// How many providers stand below it, at most: 0 needs nothing.
    pub level: usize,
    /// How long its constructor took, in microseconds; absent before it is built, and for what took no time worth measuring.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_in_us: Option<u64>,
}

/// One provider needs another.
///
/// ```
/// # fn example(dependency: &nestrs_di::DependencyView) {
/// println!("{} -> {}", dependency.from, dependency.to);
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DependencyView {
    /// Who needs, by its `id`.
    pub from: usize,
    /// What is needed, by its `id`.
    pub to: usize,
    /// Whether it is looked up when it is used.
    pub lazy: bool,
}

impl Graph {
    /// The graph as data.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// let view = Graph::of::<AppModule>().unwrap().view();
    /// assert_eq!(view.modules[0].name, "AppModule");
    /// ```
    pub fn view(&self) -> GraphView {
        let levels = self.levels();
        let modules = self.module_ids().map(|module| {
            let node = self.module(module);
            let own = self
                .shown()
                .filter(|id| self.provider(*id).module == module);
            ModuleView {
                id: module.index(),
                name: node.definition.name.clone(),
                at: node.definition.at.to_string(),
                global: node.definition.global,
                imports: node.imports.iter().map(|import| import.index()).collect(),
                providers: own
                    .map(|id| self.provider_view(id, levels[id.index()]))
                    .collect(),
            }
        });
        let edges = self
            .shown()
            .flat_map(|id| self.edges(id).iter().map(move |edge| (id, edge)));
        let dependencies = edges.map(|(from, edge)| DependencyView {
            from: from.index(),
            to: edge.target.index(),
            lazy: edge.lazy,
        });
        GraphView {
            modules: modules.collect(),
            dependencies: dependencies.collect(),
        }
    }

    fn shown(&self) -> impl Iterator<Item = ProviderId> {
        self.provider_ids().filter(|id| !self.provider(*id).pruned)
    }

    fn provider_view(&self, id: ProviderId, level: usize) -> ProviderView {
        let node = self.provider(id);
        ProviderView {
            id: id.index(),
            name: node.key().to_string(),
            type_name: node.key().type_name().to_owned(),
            at: node.provider.at.to_string(),
            scope: node.scope.to_string(),
            exported: node.exported,
            level,
            built_in_us: None,
        }
    }

    fn levels(&self) -> Vec<usize> {
        let mut levels = vec![0; self.providers.len()];
        for &id in &self.order {
            let below = self
                .strong_edges(id)
                .map(|edge| levels[edge.target.index()] + 1)
                .max();
            levels[id.index()] = below.unwrap_or_default();
        }
        levels
    }
}

impl Container {
    /// The graph as data, with how long asynchronous constructors took.
    ///
    /// ```
    /// # use nestrs_di::{Graph, module};
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// println!("{}", container.view().to_mermaid());
    /// # }
    /// ```
    pub fn view(&self) -> GraphView {
        let mut view = self.inner().graph.view();
        for provider in view
            .modules
            .iter_mut()
            .flat_map(|module| &mut module.providers)
        {
            let took = self
                .inner()
                .times
                .get()
                .and_then(|times| times.get(&provider.id));
            provider.built_in_us =
                took.map(|took| u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        }
        view
    }
}

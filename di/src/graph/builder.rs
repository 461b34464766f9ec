//! A graph with parts replaced: how tests put something else in an application's place.

use rustc_hash::FxHashMap;

use super::{Code, Finding, Graph, GraphError, ModuleId};
use crate::import::{Identity, IntoModule, ModuleImport};
use crate::key::Key;
use crate::module::Module;
use crate::provider::Provider;

/// Puts a [`Graph`] together with some providers or modules replaced. Replacement comes before checking, and what only the replaced
/// provider needed is left out: a stand-in for a database never opens a connection.
///
/// ```
/// use nestrs_di::{Graph, Provider, injectable, module};
/// use std::sync::Arc;
///
/// struct Url(&'static str);
///
/// #[injectable]
/// struct Pool { url: Arc<Url> }
///
/// #[module(providers = [Pool, Provider::value(Url("db://production"))])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let graph = Graph::builder::<AppModule>().replace(Provider::value(Url("db://test"))).build().unwrap();
/// let container = graph.construct().await.unwrap();
/// assert_eq!(container.get::<Pool>().unwrap().url.0, "db://test");
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct GraphBuilder {
    root: ModuleImport,
    pub(super) replacements: Replacements,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Replacements {
    pub(super) providers: Vec<Replacement>,
    pub(super) modules: FxHashMap<Identity, ModuleImport>,
}

#[derive(Clone, Debug)]
pub(super) struct Replacement {
    pub(super) new: Provider,
    /// What it took the place of, and where.
    pub(super) old: Vec<(ModuleId, Provider)>,
}

impl GraphBuilder {
    pub(super) fn new<M: Module>() -> Self {
        Self {
            root: ModuleImport::of::<M>(),
            replacements: Replacements::default(),
        }
    }

    /// Puts `provider` in the place of every provider of its type and name, in whatever module.
    pub fn replace(mut self, provider: Provider) -> Self {
        self.replacements.providers.push(Replacement {
            new: provider,
            old: Vec::new(),
        });
        self
    }

    /// Puts another module in the place of `M`, wherever `M` is imported.
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Graph, Provider, module};
    ///
    /// #[module(providers = [Provider::value(7_u32)])]
    /// struct Numbers;
    /// #[module(imports = [Numbers])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let other = DynamicModule::builder("OtherNumbers").provide(Provider::value(8_u32)).build();
    /// let graph = Graph::builder::<AppModule>().replace_module::<Numbers>(other).build().unwrap();
    /// assert_eq!(*graph.construct().await.unwrap().get::<u32>().unwrap(), 8);
    /// # }
    /// ```
    pub fn replace_module<M: Module>(mut self, module: impl IntoModule) -> Self {
        self.replacements
            .modules
            .insert(ModuleImport::of::<M>().identity(), module.into_module());
        self
    }

    /// The graph.
    ///
    /// # Errors
    /// Everything wrong with the wiring, at once; replacements of what is not there among it.
    pub fn build(self) -> Result<Graph, GraphError> {
        let (graph, findings) = Graph::check(&self.root, self.replacements);
        match findings.is_empty() {
            true => Ok(graph),
            false => Err(GraphError::new(findings)),
        }
    }

    /// The graph as far as it goes, with errors and warnings.
    ///
    /// ```
    /// use nestrs_di::{Graph, module};
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let (graph, findings) = Graph::builder::<AppModule>().check();
    /// assert!(findings.is_empty());
    /// ```
    pub fn check(self) -> (Graph, Vec<Finding>) {
        let (graph, mut findings) = Graph::check(&self.root, self.replacements);
        // While something is missing, who is asked for what is not known.
        if findings.is_empty() {
            graph.unused(&mut findings);
        }
        (graph, findings)
    }
}

impl Replacements {
    pub(super) fn of(&mut self, key: Key) -> Option<&mut Replacement> {
        // The last one asked for counts.
        self.providers
            .iter_mut()
            .rev()
            .find(|replacement| replacement.new.key() == key)
    }
}

impl Graph {
    pub(super) fn unused_replacements(
        &self,
        replacements: &Replacements,
        findings: &mut Vec<Finding>,
    ) {
        for Replacement { new, old } in &replacements.providers {
            if old.is_empty() {
                let key = new.key();
                let near = self
                    .nearest(key)
                    .map(|node| format!("; did you mean `{}`?", node.key()))
                    .unwrap_or_default();
                findings.push(
                    Finding::error(
                        Code::UnknownReplacement,
                        format!("nothing provides `{key}`, so nothing is replaced"),
                    )
                    .site(new.listed(), "the replacement")
                    .path(self.path_to(self.root()))
                    .fix(format!(
                        "replace a type and name that a module provides{near}"
                    )),
                );
            }
        }
    }
}

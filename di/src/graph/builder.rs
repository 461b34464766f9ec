//! A graph with parts replaced: how tests put something else in an application's place.

use std::panic::Location;
use std::sync::Arc;

use super::replace::{self, Replacement, Replacements};
use super::{Finding, Graph, GraphError};
use crate::import::{IntoModule, ModuleImport};
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
    replacements: Replacements,
}

impl GraphBuilder {
    pub(super) fn new<M: Module>() -> Self {
        Self {
            root: ModuleImport::of::<M>(),
            replacements: Replacements::default(),
        }
    }

    /// Puts `provider` in the place of every provider of its type and name, in whatever module: of several that one module has, it
    /// takes the place of all. Replacing twice, the last counts.
    #[track_caller]
    pub fn replace(self, provider: Provider) -> Self {
        let of = provider.key();
        self.replace_key(of, provider, Vec::new())
    }

    /// Puts `provider`, of whatever type, in the place of every provider of `of`, and of what layers above
    /// [mention](crate::ModuleDefinition::mention) as that; and one of `views` in the place of what shows a provider of `of` as the
    /// type that one has. Of several for the same `of`, each type counts once. For layers above: who asks the container for `of` does not find it any more.
    ///
    /// ```
    /// use nestrs_di::{Graph, Key, Provider, module};
    ///
    /// #[module(providers = [Provider::value(7_u32)])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let graph = Graph::builder::<AppModule>().replace_key(Key::of::<u32>(), Provider::value("seven"), Vec::new());
    /// let container = graph.build().unwrap().construct().await.unwrap();
    /// assert_eq!(*container.get::<&str>().unwrap(), "seven");
    /// assert!(container.get::<u32>().is_none());
    /// # }
    /// ```
    #[track_caller]
    pub fn replace_key(mut self, of: Key, provider: Provider, views: Vec<Provider>) -> Self {
        let replacement = Replacement::of(of, provider, views);
        self.replacements.push(replacement);
        self
    }

    /// Puts what `decorate` makes of it in the place of every `T` of that name. It is built all the same, and keeps its hooks.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    ///
    /// #[module(providers = [Provider::value(7_u32)])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let graph = Graph::builder::<AppModule>().decorate(None, |number: &u32| number + 1).build().unwrap();
    /// assert_eq!(*graph.construct().await.unwrap().get::<u32>().unwrap(), 8);
    /// # }
    /// ```
    #[track_caller]
    pub fn decorate<T: Send + Sync + 'static>(
        self,
        name: Option<&'static str>,
        decorate: impl Fn(&T) -> T + Send + Sync + 'static,
    ) -> Self {
        self.decorate_with(Replacement::decorator(name, decorate))
    }

    /// As [`decorate`](Self::decorate), of what need not be there.
    #[track_caller]
    pub fn decorate_if_provided<T: Send + Sync + 'static>(
        self,
        name: Option<&'static str>,
        decorate: impl Fn(&T) -> T + Send + Sync + 'static,
    ) -> Self {
        let mut replacement = Replacement::decorator(name, decorate);
        // Nobody has to use it.
        replacement.used = true;
        self.decorate_with(replacement)
    }

    fn decorate_with(mut self, replacement: Replacement) -> Self {
        self.replacements.push(replacement);
        self
    }

    /// Has `mocker` provide, to all modules, what is asked for and nothing provides. What it returns `None` for stays missing.
    ///
    /// ```
    /// use nestrs_di::{Graph, Key, Provider, injectable, module};
    /// use std::sync::Arc;
    ///
    /// struct Clock(u32);
    ///
    /// #[injectable]
    /// struct Report { clock: Arc<Clock> }
    ///
    /// #[module(providers = [Report])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let mocker = |key| (key == Key::of::<Clock>()).then(|| Provider::value(Clock(7)));
    /// let graph = Graph::builder::<AppModule>().mock_missing(mocker).build().unwrap();
    /// assert_eq!(graph.construct().await.unwrap().get::<Report>().unwrap().clock.0, 7);
    /// # }
    /// ```
    pub fn mock_missing(
        mut self,
        mocker: impl Fn(Key) -> Option<Provider> + Send + Sync + 'static,
    ) -> Self {
        self.replacements.mocker = Some(Arc::new(mocker));
        self
    }

    /// Puts another module in the place of `M`, wherever `M` is imported, with options or without.
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
    #[track_caller]
    pub fn replace_module<M: Module>(mut self, module: impl IntoModule) -> Self {
        let replaced = replace::Module {
            new: module.into_module(),
            name: Key::of::<M>().short_name(),
            at: Location::caller(),
            used: false,
        };
        self.replacements
            .modules
            .insert(ModuleImport::of::<M>().identity(), replaced);
        self
    }

    /// The graph.
    ///
    /// ```
    /// # use nestrs_di::{Graph, Provider, module};
    /// # #[module] struct AppModule;
    /// let graph = Graph::builder::<AppModule>().replace(Provider::value(7_u32)).build();
    /// assert!(graph.unwrap_err().to_string().contains("nothing provides `u32`"));
    /// ```
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
            findings = graph.warnings();
        }
        (graph, findings)
    }
}

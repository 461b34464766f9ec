//! What layers above the container have to say about an application, in the same report.

use std::any::TypeId;
use std::panic::Location;
use std::sync::Arc;

use super::{Finding, Graph, ModuleId};
use crate::build::Build;
use crate::inject::{Dependency, Request};
use crate::key::Key;
use crate::scope::Scope;

/// A check by a layer above: it sees the modules and what was [attached](crate::ModuleDefinition::attach) to them.
///
/// ```
/// use nestrs_di::{Code, Finding, Graph, GraphCheck, Module, ModuleDefinition};
///
/// /// Two modules must not serve one path.
/// struct Paths;
///
/// impl GraphCheck for Paths {
///     fn check(graph: &Graph) -> Vec<Finding> {
///         let mut seen = Vec::new();
///         let twice = graph.attachments::<&str>().filter(|(_, path)| seen.contains(path) || { seen.push(path); false });
///         twice.map(|(module, path)| Finding::error(Code::Conflict, format!("{path} twice")).path(graph.path_to(module))).collect()
///     }
/// }
///
/// struct AppModule;
/// impl Module for AppModule {
///     fn definition() -> ModuleDefinition {
///         ModuleDefinition::of::<Self>().attach("/cats").attach("/cats").check::<Paths>()
///     }
/// }
/// assert!(AppModule::verify().unwrap_err().to_string().contains("/cats twice"));
/// ```
pub trait GraphCheck {
    /// What is wrong.
    fn check(graph: &Graph) -> Vec<Finding>;
}

/// A check that every application is subject to, announced at link time by a layer above.
pub struct EveryApplication(pub fn(&Graph) -> Vec<Finding>);

inventory::collect!(EveryApplication);

/// A provider, for who checks it.
///
/// ```
/// use nestrs_di::{Graph, Scope, injectable, module};
/// use std::any::TypeId;
///
/// #[injectable(scope = "transient")]
/// struct Job;
/// #[module(providers = [Job])]
/// struct AppModule;
///
/// let graph = Graph::of::<AppModule>().unwrap();
/// let job = graph.provided(TypeId::of::<Job>()).next().unwrap();
/// assert_eq!((job.key.to_string().as_str(), job.scope), ("Job", Scope::Transient));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provided {
    /// What it is asked for by.
    pub key: Key,
    /// Whose it is.
    pub module: ModuleId,
    /// How many instances there are, as its dependencies leave it: never [`Scope::Inherit`].
    pub scope: Scope,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl Graph {
    /// Every provider of a type, whatever module has it and whatever its name, in import order.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    /// use std::any::TypeId;
    ///
    /// #[module(providers = [Provider::value(7_u32), Provider::value(8_u32).named("next")])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// assert_eq!(graph.provided(TypeId::of::<u32>()).count(), 2);
    /// ```
    pub fn provided(&self, type_id: TypeId) -> impl Iterator<Item = Provided> {
        let all = self.of_type(type_id).filter(|(_, node)| !node.pruned);
        all.map(|(_, node)| Provided {
            key: node.key(),
            module: node.module,
            scope: node.scope,
            at: node.provider.at,
        })
    }

    /// What is wrong with something that a provider of `module` will ask the container for once it runs: that the module does not
    /// see it, if that is so. `consumer` is what the provider is asked for by; `at` is where it asks, and `label` says how.
    ///
    /// ```
    /// use nestrs_di::{Graph, Key, injectable, module};
    /// use std::panic::Location;
    ///
    /// struct Clock;
    ///
    /// #[injectable]
    /// struct Reports;
    ///
    /// #[module(providers = [Reports])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// let reports = graph.provided(Key::of::<Reports>().type_id()).next().unwrap();
    /// let needed = Key::of::<Clock>();
    /// let finding = graph.unmet(reports.module, reports.key, needed, Location::caller(), "when asked").unwrap();
    /// assert!(finding.message.starts_with("`Reports` needs `Clock`"));
    /// ```
    pub fn unmet(
        &self,
        module: ModuleId,
        consumer: Key,
        needed: Key,
        at: &'static Location<'static>,
        label: &'static str,
    ) -> Option<Finding> {
        // Who asks for what is replaced by another type asks for that too.
        if self.resolve(module, &needed).is_some() || self.stood_in.contains(&needed) {
            return None;
        }
        let dependency = Dependency {
            request: Request::one(needed),
            written: label,
            at,
        };
        Some(self.missing(self.resolve(module, &consumer)?, &dependency))
    }

    /// What `module` gets for a `T`, if that was provided as a value: those are there before anything is built.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    ///
    /// #[module(providers = [Provider::value(String::from("Sales"))])]
    /// struct AppModule;
    ///
    /// let graph = Graph::of::<AppModule>().unwrap();
    /// let title = graph.provided(std::any::TypeId::of::<String>()).next().unwrap();
    /// assert_eq!(*graph.value::<String>(title.module).unwrap(), "Sales");
    /// ```
    pub fn value<T: Send + Sync + 'static>(&self, module: ModuleId) -> Option<Arc<T>> {
        let provider = self.resolve(module, &Key::of::<T>())?;
        match &self.provider(provider).provider.build {
            Build::Ready(handle) => handle.get(),
            _ => None,
        }
    }

    /// What the checks of every application find, and those that modules ask for, each run once.
    pub(super) fn run_checks(&self) -> Vec<Finding> {
        let mut ran: Vec<TypeId> = Vec::new();
        let every = inventory::iter::<EveryApplication>.into_iter();
        let mut findings: Vec<_> = every.flat_map(|check| check.0(self)).collect();
        for (id, check) in self
            .modules
            .iter()
            .flat_map(|module| &module.definition.checks)
        {
            if !ran.contains(id) {
                ran.push(*id);
                findings.extend(check(self));
            }
        }
        findings
    }
}

//! What layers above the container have to say about an application, in the same report.

use super::{Finding, Graph};
use std::any::TypeId;

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

impl Graph {
    /// What the checks that modules ask for find, each run once.
    pub(super) fn run_checks(&self) -> Vec<Finding> {
        let mut ran: Vec<TypeId> = Vec::new();
        let mut findings = Vec::new();
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

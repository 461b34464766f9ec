//! Message handlers before anything is constructed: those that are in each
//! other's way, and those that need what is not there.

use std::collections::HashMap;

use nestrs_core::MessageKind;
use nestrs_di::{Code, Finding, Graph, GraphCheck, Key};

use crate::bind::HandlerTable;
use crate::enhancer::ModuleEnhancers;
use crate::error::Conflict;
use crate::handler::{Handler, HandlerName, MicroRoutes};

/// A message handler, before there is an instance to call.
pub(crate) struct Declared {
    name: HandlerName,
    /// Where it answers.
    patterns: Vec<Answered>,
    /// What runs around it and has to come from the container.
    needs: Vec<Key>,
}

/// A pattern whose messages have one handler.
struct Answered {
    route: String,
    transport: Option<&'static str>,
}

impl Declared {
    pub(crate) fn all_of<T: MicroRoutes>() -> Vec<Self> {
        T::HANDLERS.iter().map(Self::of).collect()
    }

    fn of<T: MicroRoutes>(handler: &Handler<T>) -> Self {
        let answered = handler.patterns.iter();
        let answered = answered.filter(|pattern| pattern.kind == MessageKind::Request);
        let named = [T::ENHANCERS, handler.enhancers].map(|enhancers| enhancers.not_made());
        Self {
            name: HandlerName::of::<T>(handler.method, handler.at),
            patterns: answered
                .map(|pattern| Answered {
                    route: pattern.pattern.to_pattern().into_string(),
                    transport: pattern.transport,
                })
                .collect(),
            needs: named.concat(),
        }
    }
}

impl Answered {
    /// Whether there can be a server to which both answer.
    fn meets(&self, other: &Self) -> bool {
        let transports = [self.transport, other.transport];
        self.route == other.route
            && (transports.contains(&None) || self.transport == other.transport)
    }
}

/// Finds what runs around handlers and their module does not see. What they ask
/// for as parameters is checked with the dependencies of their providers.
pub(crate) struct HandlersHaveAll;

impl GraphCheck for HandlersHaveAll {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (module, table) in graph.attachments::<HandlerTable>() {
            for declared in (table.declared)() {
                let at = declared.name.at;
                let unmet = |key| graph.unmet(module, table.key, key, at, "around this handler");
                findings.extend(declared.needs.into_iter().filter_map(unmet));
            }
            if let Some(enhancers) = graph.value::<ModuleEnhancers>(module) {
                let of_module = Key::of::<ModuleEnhancers>();
                let listed = enhancers.listed();
                let unmet = |key| {
                    let label = "around all handlers of the module";
                    graph.unmet(module, of_module, key, enhancers.at, label)
                };
                findings.extend(listed.into_iter().filter_map(unmet));
            }
        }
        // A module has a table for each service, and its enhancers once.
        let mut seen = Vec::new();
        findings.retain(|finding| {
            let is_new = !seen.contains(&finding.to_string());
            seen.push(finding.to_string());
            is_new
        });
        findings
    }
}

/// Finds patterns with two message handlers before anything is constructed.
pub(crate) struct OneHandlerPerPattern;

impl GraphCheck for OneHandlerPerPattern {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut seen = HashMap::<String, Vec<(HandlerName, Answered)>>::new();
        let mut findings = Vec::new();
        for (module, table) in graph.attachments::<HandlerTable>() {
            for Declared { name, patterns, .. } in (table.declared)() {
                for pattern in patterns {
                    let others = seen.entry(pattern.route.clone()).or_default();
                    if let Some((first, _)) = others.iter().find(|(_, it)| it.meets(&pattern)) {
                        let conflict = Conflict {
                            route: pattern.route.clone(),
                            handlers: [*first, name],
                        };
                        let finding = Finding::error(Code::Conflict, conflict.problem())
                            .site(name.at, "handled here")
                            .site(first.at, "and here")
                            .path(graph.path_to(module))
                            .fix(conflict.fix());
                        findings.push(finding);
                    }
                    others.push((name, pattern));
                }
            }
        }
        findings
    }
}

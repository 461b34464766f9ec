//! Message handlers before anything is constructed, and those that are in each
//! other's way.

use std::collections::HashMap;

use nestrs_core::MessageKind;
use nestrs_di::{Code, Finding, Graph, GraphCheck};

use crate::bind::HandlerTable;
use crate::error::Conflict;
use crate::handler::{HandlerName, MicroRoutes};

/// A message handler, before there is an instance to call.
pub(crate) struct Declared {
    name: HandlerName,
    route: String,
    transport: Option<&'static str>,
}

impl Declared {
    pub(crate) fn all_of<T: MicroRoutes>() -> Vec<Self> {
        let patterns = T::HANDLERS.iter().flat_map(|handler| {
            let name = HandlerName::of::<T>(handler.method, handler.at);
            handler.patterns.iter().map(move |pattern| (name, pattern))
        });
        let answered = patterns.filter(|(_, pattern)| pattern.kind == MessageKind::Request);
        let declared = answered.map(|(name, pattern)| Self {
            name,
            route: pattern.pattern.to_pattern().into_string(),
            transport: pattern.transport,
        });
        declared.collect()
    }

    /// Whether there can be a server to which both answer.
    fn meets(&self, other: &Self) -> bool {
        let transports = [self.transport, other.transport];
        self.route == other.route
            && (transports.contains(&None) || self.transport == other.transport)
    }
}

/// Finds patterns with two message handlers before anything is constructed.
pub(crate) struct OneHandlerPerPattern;

impl GraphCheck for OneHandlerPerPattern {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut seen = HashMap::<String, Vec<Declared>>::new();
        let mut findings = Vec::new();
        for (module, table) in graph.attachments::<HandlerTable>() {
            for declared in (table.declared)() {
                let others = seen.entry(declared.route.clone()).or_default();
                if let Some(first) = others.iter().find(|other| other.meets(&declared)) {
                    let conflict = Conflict {
                        route: declared.route.clone(),
                        handlers: [first.name, declared.name],
                    };
                    let finding = Finding::error(Code::Conflict, conflict.problem())
                        .site(declared.name.at, "handled here")
                        .site(first.name.at, "and here")
                        .path(graph.path_to(module))
                        .fix(conflict.fix());
                    findings.push(finding);
                }
                others.push(declared);
            }
        }
        findings
    }
}

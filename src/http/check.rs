//! What is wrong with routes, found before anything is constructed.

use std::collections::HashMap;

use nestrs_di::{Code, Finding, Graph, GraphCheck};

use super::controller::ControllerTable;
use super::declared::Declared;

/// Finds requests that two handlers would answer.
pub(super) struct OneHandlerPerRoute;

impl GraphCheck for OneHandlerPerRoute {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut seen = HashMap::<String, Vec<Declared>>::new();
        let mut findings = Vec::new();
        for (module, table) in graph.attachments::<ControllerTable>() {
            for declared in (table.declared)() {
                let others = seen.entry(declared.shape()).or_default();
                if let Some(first) = others.iter().find(|other| other.meets(&declared)) {
                    let finding = Finding::error(Code::Conflict, problem(first, &declared))
                        .site(declared.name.at, "handled here")
                        .site(first.name.at, "and here")
                        .path(graph.path_to(module))
                        .fix(fix(first, &declared));
                    findings.push(finding);
                }
                others.push(declared);
            }
        }
        findings
    }
}

pub(super) fn problem(first: &Declared, second: &Declared) -> String {
    let Declared { verb, path, .. } = second;
    match first.name == second.name {
        true => format!("`{verb} {path}` of {} is bound twice", first.name),
        false => format!(
            "`{verb} {path}` has two handlers, {} and {}",
            first.name, second.name
        ),
    }
}

fn fix(first: &Declared, second: &Declared) -> &'static str {
    match first.name == second.name {
        true => "list the type in `controllers` of one module only",
        false => "change the path or the method of one, or give each a `version` of its own",
    }
}

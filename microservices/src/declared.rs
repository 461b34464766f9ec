//! Message handlers before anything is constructed: those that are in each
//! other's way, those that need what is not there, and those that no server
//! calls.

use std::collections::HashMap;

use nestrs_core::MessageKind;
use nestrs_di::{Code, Container, Finding, Graph, GraphCheck, Key};

use crate::bind::HandlerTable;
use crate::enhancer::ModuleEnhancers;
use crate::error::Conflict;
use crate::handler::{Handler, HandlerName, MicroRoutes};

/// A message handler, before there is an instance to call.
pub(crate) struct Declared {
    name: HandlerName,
    patterns: Vec<Handled>,
    /// What runs around it and has to come from the container.
    needs: Vec<Key>,
}

struct Handled {
    kind: MessageKind,
    route: String,
    transport: Option<&'static str>,
}

impl Declared {
    pub(crate) fn all_of<T: MicroRoutes>() -> Vec<Self> {
        T::HANDLERS.iter().map(Self::of).collect()
    }

    fn of<T: MicroRoutes>(handler: &Handler<T>) -> Self {
        let patterns = handler.patterns.iter();
        let named = [T::ENHANCERS, handler.enhancers].map(|enhancers| enhancers.not_made());
        Self {
            name: HandlerName::of::<T>(handler.method, handler.at),
            patterns: patterns
                .map(|pattern| Handled {
                    kind: pattern.kind,
                    route: pattern.pattern.to_pattern().into_string(),
                    transport: pattern.transport,
                })
                .collect(),
            needs: named.concat(),
        }
    }
}

impl Handled {
    /// Whether both answer, and there can be a server to which both do.
    fn meets(&self, other: &Self) -> bool {
        let transports = [self.transport, other.transport];
        [self.kind, other.kind] == [MessageKind::Request; 2]
            && self.route == other.route
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
                let unmet = |key: Key| {
                    let finding = graph.unmet(module, table.key, key, at, "around this handler")?;
                    Some(or_default(finding, key))
                };
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

/// What stands around handlers need not come from the container.
fn or_default(finding: Finding, key: Key) -> Finding {
    // Else it is there somewhere, or something like it.
    match (finding.code, &finding.sites[..]) {
        (Code::Missing, [_]) => finding.fix(format!(
            "put `#[injectable]` on `{}`, implement `Default` for it, or provide one: `Provider::value(…)`",
            key.short_name()
        )),
        _ => finding,
    }
}

/// Finds patterns with two message handlers before anything is constructed.
pub(crate) struct OneHandlerPerPattern;

impl GraphCheck for OneHandlerPerPattern {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut seen = HashMap::<String, Vec<(HandlerName, Handled)>>::new();
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

/// Warns of handlers that are never called: those whose `transport = "…"` is
/// that of none of the application's `servers`, which are given by transport
/// and by name.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::{Graph, Module, ModuleDefinition, injectable};
/// use nestrs_microservices::{micro_routes, microservice, warn_of_unserved};
///
/// #[injectable]
/// struct Sensors;
///
/// #[micro_routes]
/// impl Sensors {
///     #[event_pattern("sensors/+", transport = "mqtt")]
///     async fn measured(&self) {}
/// }
///
/// struct AppModule;
/// impl Module for AppModule {
///     fn definition() -> ModuleDefinition {
///         microservice::<Sensors>(ModuleDefinition::of::<Self>())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// // Logs that `Sensors::measured` is never called.
/// warn_of_unserved(&container, &["tcp"]);
/// # }
/// ```
pub fn warn_of_unserved(container: &Container, servers: &[&str]) {
    let tables = container.attachments::<HandlerTable>();
    for Declared { name, patterns, .. } in tables.flat_map(|(_, table)| (table.declared)()) {
        for Handled {
            route, transport, ..
        } in patterns
        {
            if let Some(wanted) = transport.filter(|wanted| !servers.contains(wanted)) {
                let there_are = servers.join("`, `");
                tracing::warn!(
                    "`{name}` is never called for `{route}`: it asks for `transport = \"{wanted}\"`, \
                     and the application's servers are `{there_are}`. Connect a server of that \
                     transport, call one `.named(\"{wanted}\")`, or leave `transport` out"
                );
            }
        }
    }
}

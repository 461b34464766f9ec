//! How long each provider lives, and singletons that would hold on to something of a request.

use super::{Code, Edge, Finding, Graph, ProviderId, ProviderNode};
use crate::inject::Arity;
use crate::scope::Scope;

impl Graph {
    /// Settles scopes, dependencies first.
    pub(super) fn settle_scopes(&mut self, findings: &mut Vec<Finding>) {
        for index in 0..self.order.len() {
            let id = self.order[index];
            let ProviderNode {
                scope: declared,
                view,
                ..
            } = *self.provider(id);
            let (mut of_request, mut has_own) = (None, false);
            for edge in self.strong_edges(id) {
                let target = self.provider(edge.target);
                if target.needs_request && of_request.is_none() {
                    of_request = Some(*edge);
                }
                has_own |= target.scope == Scope::Transient;
            }
            let scope = match declared {
                // A view lives as long as what it shows.
                _ if view => self.viewed_scope(id),
                Scope::Inherit if of_request.is_some() => Scope::Request,
                Scope::Inherit => Scope::Singleton,
                declared => declared,
            };
            if let (Scope::Singleton, Some(edge)) = (scope, of_request) {
                findings.push(self.captive(id, edge));
            }
            let node = &mut self.providers[id.index()];
            node.has_own = has_own;
            node.scope = scope;
            // A singleton that should not need one has its finding; those who depend on it have none of their own.
            node.needs_request =
                scope == Scope::Request || scope == Scope::Transient && of_request.is_some();
        }
        self.check_lazy(findings);
    }

    fn viewed_scope(&self, id: ProviderId) -> Scope {
        self.edges(id)
            .first()
            .map_or(Scope::Singleton, |edge| self.provider(edge.target).scope)
    }

    fn captive(&self, id: ProviderId, edge: Edge) -> Finding {
        let consumer = self.provider(id);
        let mut path = self.path_to(consumer.module);
        path.push(consumer.key().to_string());
        // Through what is built for the consumer alone, to the one of a request.
        let mut held = edge.target;
        loop {
            path.push(self.provider(held).key().to_string());
            let next = self
                .strong_edges(held)
                .find(|edge| self.provider(edge.target).needs_request);
            match next {
                Some(next) if self.provider(held).scope == Scope::Transient => held = next.target,
                _ => break,
            }
        }
        let held = self.provider(held);
        let dependency = &consumer.provider.dependencies[edge.dependency as usize];
        let (one, other) = (consumer.key(), held.key());
        Finding::error(Code::Scope, format!("`{one}` is a singleton and needs `{other}`, of which each request has its own"))
            .site(dependency.at, dependency.written)
            .site(held.provider.at, format!("`{other}` has scope `request`"))
            .path(path)
            .fix(format!(
                "`#[injectable(scope = \"inherit\")]` on `{one}` gives each request its own; or make `{other}` a singleton"
            ))
    }

    /// What is looked up later has to be a singleton: there is nobody to build another for.
    fn check_lazy(&self, findings: &mut Vec<Finding>) {
        if !self.edges.iter().any(|edge| edge.lazy) {
            return;
        }
        for id in self.provider_ids().filter(|id| !self.provider(*id).pruned) {
            for edge in self.edges(id).iter().filter(|edge| edge.lazy) {
                let (consumer, target) = (self.provider(id), self.provider(edge.target));
                let dependency = &consumer.provider.dependencies[edge.dependency as usize];
                // Whoever calls brings the request.
                if target.scope == Scope::Singleton || dependency.request.arity == Arity::Call {
                    continue;
                }
                let (one, other, scope) = (consumer.key(), target.key(), target.scope);
                let mut path = self.path_to(consumer.module);
                path.extend([one.to_string(), other.to_string()]);
                findings.push(
                    Finding::error(
                        Code::Scope,
                        format!("`{one}` looks up `{other}` lazily, which has scope `{scope}`"),
                    )
                    .site(dependency.at, dependency.written)
                    .site(target.provider.at, format!("`{other}` has scope `{scope}`"))
                    .path(path)
                    .fix(format!(
                        "make `{other}` a singleton, or inject `ModuleRef` and resolve it"
                    )),
                );
            }
        }
    }
}

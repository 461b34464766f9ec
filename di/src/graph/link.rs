//! Each dependency finds its provider.

use super::{Code, Edge, Finding, Graph, ModuleId, ProviderId};
use crate::inject::{Arity, Dependency};
use crate::key::Key;

impl Graph {
    /// Returns what found none, and who asked.
    pub(super) fn link(&mut self) -> Vec<(ProviderId, Finding)> {
        let mut findings = Vec::new();
        self.edges.reserve(self.providers.len());
        for id in self.provider_ids() {
            let start = self.edges.len() as u32;
            // A clone is a copy of a reference, or of an `Arc`.
            let (provider, source) = (self.provider(id).provider.clone(), self.provider(id).source);
            if let Some(target) = source {
                self.edges.push(Edge {
                    dependency: 0,
                    target,
                    lazy: false,
                });
            } else {
                for (index, dependency) in provider.dependencies.iter().enumerate() {
                    self.link_one(id, index as u32, dependency, &mut findings);
                }
            }
            self.providers[id.index()].edges = (start, self.edges.len() as u32);
        }
        findings
    }

    fn link_one(
        &mut self,
        id: ProviderId,
        index: u32,
        dependency: &Dependency,
        findings: &mut Vec<(ProviderId, Finding)>,
    ) {
        let module = self.provider(id).module;
        let (key, arity) = (dependency.request.key, dependency.request.arity);
        let before = self.edges.len();
        match arity {
            Arity::Context => return,
            Arity::Many => {
                let all = self.resolve_all(module, key).map(|target| Edge {
                    dependency: index,
                    target,
                    lazy: false,
                });
                let all: Vec<_> = all.collect();
                return self.edges.extend(all);
            }
            Arity::One | Arity::Optional | Arity::Lazy => {
                let lazy = arity == Arity::Lazy;
                let target = self.resolve(module, key);
                self.edges.extend(target.map(|target| Edge {
                    dependency: index,
                    target,
                    lazy,
                }));
            }
        }
        match self.edges[before..] {
            [edge] => findings.extend(
                self.ambiguous(id, dependency, edge.target)
                    .map(|finding| (id, finding)),
            ),
            _ if arity == Arity::Optional => {}
            _ => findings.push((id, self.missing(id, dependency))),
        }
    }

    /// Several of one module, where one is asked for.
    fn ambiguous(
        &self,
        id: ProviderId,
        dependency: &Dependency,
        found: ProviderId,
    ) -> Option<Finding> {
        let (key, owner) = (dependency.request.key, self.provider(found).module);
        if !self.provider(found).provider.is_multi() {
            return None;
        }
        let all: Vec<_> = self.of_type(key.type_id()).map(|(_, node)| node).collect();
        let rivals: Vec<_> = all
            .into_iter()
            .filter(|node| node.module == owner && node.key() == key)
            .collect();
        let [_, _, ..] = rivals[..] else { return None };
        let consumer = self.provider(id);
        let mut path = self.path_to(consumer.module);
        path.extend([consumer.key().to_string(), key.to_string()]);
        let message = format!(
            "`{}` needs one `{key}`, and there are {}",
            consumer.key(),
            rivals.len()
        );
        let mut finding =
            Finding::error(Code::Ambiguous, message).site(dependency.at, dependency.written);
        for rival in rivals {
            finding = finding.site(rival.provider.listed(), "provided here");
        }
        let short = key.short_name();
        Some(finding.path(path).fix(format!(
            "ask for all: `Vec<Arc<{short}>>`; or name them, `.named(\"…\")`, and ask for one: `#[inject(\"…\")]`"
        )))
    }

    /// Answers the dependencies of something that is in no graph.
    ///
    /// # Errors
    /// What `module` does not see.
    pub(crate) fn answer(
        &self,
        module: ModuleId,
        dependencies: &[Dependency],
    ) -> Result<Vec<Edge>, Key> {
        let mut edges = Vec::new();
        for (index, Dependency { request, .. }) in dependencies.iter().enumerate() {
            let edge = |target| Edge {
                dependency: index as u32,
                target,
                lazy: request.arity == Arity::Lazy,
            };
            match request.arity {
                Arity::Context => {}
                Arity::Many => edges.extend(self.resolve_all(module, request.key).map(edge)),
                arity => match self.resolve(module, request.key) {
                    None if arity != Arity::Optional => return Err(request.key),
                    target => edges.extend(target.map(edge)),
                },
            }
        }
        Ok(edges)
    }
}

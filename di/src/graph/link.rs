//! Each dependency finds its provider.

use super::{Code, Edge, Finding, Graph, ModuleId, ProviderId, ProviderNode};
use crate::inject::{Arity, Dependency, Request};
use crate::key::Key;

/// A dependency without an answer.
pub(super) struct Unresolved {
    pub(super) by: ProviderId,
    pub(super) key: Key,
    pub(super) finding: Finding,
}

impl Graph {
    /// Returns the dependencies that found none, or not the one.
    pub(super) fn link(&mut self) -> Vec<Unresolved> {
        let mut edges = Vec::with_capacity(self.requests.len());
        let mut unresolved = Vec::new();
        for id in self.provider_ids() {
            let (start, node) = (edges.len() as u32, self.provider(id));
            if let Some(target) = node.source {
                edges.push(Edge {
                    dependency: 0,
                    target,
                    lazy: false,
                });
            } else {
                for (index, request) in self.requests(id).iter().enumerate() {
                    if let Err(finding) = self.link_one(id, index as u32, request, &mut edges) {
                        unresolved.push(Unresolved {
                            by: id,
                            key: request.key,
                            finding: *finding,
                        });
                    }
                }
            }
            self.providers[id.index()].edges = (start, edges.len() as u32);
        }
        self.edges = edges;
        unresolved
    }

    fn link_one(
        &self,
        id: ProviderId,
        index: u32,
        Request { key, arity }: &Request,
        edges: &mut Vec<Edge>,
    ) -> Result<(), Box<Finding>> {
        let node = self.provider(id);
        let dependency = || &node.provider.dependencies[index as usize];
        let edge = |target| Edge {
            dependency: index,
            target,
            lazy: arity.is_later(),
        };
        match arity {
            Arity::Context => {}
            Arity::Many => edges.extend(self.resolve_all(node.module, key).map(edge)),
            Arity::One | Arity::Optional | Arity::Lazy | Arity::Call => {
                match self.resolve(node.module, key) {
                    Some(target) => {
                        edges.push(edge(target));
                        // Of those that are listed as the only one, the first import wins.
                        if self.provider(target).multi {
                            self.one_of_several(id, dependency(), target)?;
                        }
                    }
                    None if *arity == Arity::Optional => {}
                    None => return Err(Box::new(self.missing(id, dependency()))),
                }
            }
        }
        Ok(())
    }

    /// Several that are equally near, where one is asked for, are a finding.
    fn one_of_several(
        &self,
        id: ProviderId,
        dependency: &Dependency,
        found: ProviderId,
    ) -> Result<(), Box<Finding>> {
        let (key, module) = (dependency.request.key, self.provider(id).module);
        let near = |node: &ProviderNode| self.nearness(module, node);
        let same =
            |node: &&ProviderNode| node.key() == key && near(node) == near(self.provider(found));
        let rivals: Vec<_> = self
            .of_type(key.type_id())
            .map(|(_, node)| node)
            .filter(same)
            .collect();
        let [_, _, ..] = rivals[..] else {
            return Ok(());
        };
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
        Err(Box::new(finding.path(path).fix(format!(
            "ask for all: `Vec<Arc<{short}>>`; or list each by a name, `Provider::of::<…>().named(\"…\")`, and ask for one: `#[inject(\"…\")]`"
        ))))
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
                lazy: request.arity.is_later(),
            };
            match request.arity {
                Arity::Context => {}
                Arity::Many => edges.extend(self.resolve_all(module, &request.key).map(edge)),
                arity => match self.resolve(module, &request.key) {
                    None if arity != Arity::Optional => return Err(request.key),
                    target => edges.extend(target.map(edge)),
                },
            }
        }
        Ok(edges)
    }
}

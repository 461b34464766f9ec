//! Each dependency finds its provider.

use super::{Edge, Finding, Graph, ProviderId};
use crate::inject::{Arity, Dependency};

impl Graph {
    pub(super) fn link(&mut self, findings: &mut Vec<Finding>) {
        self.edges.reserve(self.providers.len());
        for id in self.provider_ids() {
            let start = self.edges.len() as u32;
            // A clone is a copy of a reference, or of an `Arc`.
            let provider = self.provider(id).provider.clone();
            for (index, dependency) in provider.dependencies.iter().enumerate() {
                self.link_one(id, index as u32, dependency, findings);
            }
            self.providers[id.index()].edges = (start, self.edges.len() as u32);
        }
    }

    fn link_one(
        &mut self,
        id: ProviderId,
        index: u32,
        dependency: &Dependency,
        findings: &mut Vec<Finding>,
    ) {
        let module = self.provider(id).module;
        match dependency.request.arity {
            Arity::One => match self.resolve(module, dependency.request.key) {
                Some(target) => self.edges.push(Edge {
                    dependency: index,
                    target,
                }),
                None => findings.push(self.missing(id, dependency)),
            },
        }
    }
}

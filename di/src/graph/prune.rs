//! Leaves out what only a replaced provider needed.

use super::replace::Replacements;
use super::{Graph, ProviderId};

impl Graph {
    pub(super) fn prune(&mut self, replacements: &Replacements) {
        let needed = replacements.old().flat_map(|(module, old)| {
            let keys = old.dependencies.iter().map(|it| &it.request.key);
            keys.flat_map(|key| self.resolve_all(*module, key))
        });
        let needed: Vec<_> = needed.collect();
        if needed.is_empty() {
            return;
        }
        let candidates = self.closure(needed);
        let wanted =
            |id: &ProviderId| !candidates[id.index()] || self.provider(*id).provider.is_entry();
        let kept = self.closure(self.provider_ids().filter(wanted).collect());
        for id in self.provider_ids() {
            self.providers[id.index()].pruned = !kept[id.index()];
        }
    }

    /// Marks these and everything they depend on.
    pub(super) fn closure(&self, mut next: Vec<ProviderId>) -> Vec<bool> {
        let mut marked = vec![false; self.providers.len()];
        while let Some(id) = next.pop() {
            if !std::mem::replace(&mut marked[id.index()], true) {
                next.extend(self.edges(id).iter().map(|edge| edge.target));
            }
        }
        marked
    }
}

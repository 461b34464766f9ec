//! Which provider of a type a module sees.

use std::any::TypeId;

use super::index::chain;
use super::{Graph, ModuleId, ModuleNode, ProviderId, ProviderNode};
use crate::key::Key;

/// How near a provider is to the module that asks; the nearest wins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Nearness {
    Root,
    Global,
    Import,
    Own,
}

impl Graph {
    /// Settles, for types provided several times, which one [`Container::get`](crate::Container::get) means.
    pub(super) fn prefer(&mut self) {
        let root = self.root();
        let several = self
            .types
            .values_mut()
            .filter(|entry| entry.first != entry.last);
        let (modules, providers) = (&self.modules, &self.providers);
        for entry in several {
            let unnamed = chain(providers, Some(entry.first))
                .filter(|(_, node)| node.provider.name().is_none());
            entry.preferred =
                nearest(unnamed.map(|(id, node)| (nearness(modules, root, node), id)));
        }
    }

    /// The provider an application gives out for a type.
    #[inline]
    pub(crate) fn preferred(&self, type_id: TypeId) -> Option<ProviderId> {
        self.types.get(&type_id)?.preferred
    }

    /// The provider that `module` gets for `key`.
    pub(crate) fn resolve(&self, module: ModuleId, key: &Key) -> Option<ProviderId> {
        let mut next = Some(self.types.get(&key.type_id())?.first);
        let mut nearest: Option<(Nearness, ProviderId)> = None;
        while let Some(id) = next {
            let node = self.provider(id);
            next = node.next;
            if node.provider.name() == key.name()
                && let Some(nearness) = nearness(&self.modules, module, node)
                && nearest.is_none_or(|(best, _)| nearness > best)
            {
                nearest = Some((nearness, id));
            }
        }
        Some(nearest?.1)
    }

    /// How near a provider is to `module`; `None` if it is out of sight.
    pub(super) fn nearness(&self, module: ModuleId, node: &ProviderNode) -> Option<Nearness> {
        nearness(&self.modules, module, node)
    }

    /// All that `module` sees of `key`, in the order they are listed.
    pub(crate) fn resolve_all(
        &self,
        module: ModuleId,
        key: &Key,
    ) -> impl Iterator<Item = ProviderId> + use<'_> {
        let name = key.name();
        self.of_type(key.type_id())
            .filter(move |(_, node)| {
                node.provider.name() == name && nearness(&self.modules, module, node).is_some()
            })
            .map(|(id, _)| id)
    }
}

/// Whether and how `module` sees a provider.
fn nearness(modules: &[ModuleNode], module: ModuleId, node: &ProviderNode) -> Option<Nearness> {
    if node.in_root {
        return Some(Nearness::Root);
    }
    if node.module == module {
        return Some(Nearness::Own);
    }
    let seen = node.exported
        && modules[module.index()]
            .reach
            .binary_search(&node.module)
            .is_ok();
    // Importing a global module changes nothing.
    seen.then(|| match modules[node.module.index()].definition.global {
        true => Nearness::Global,
        false => Nearness::Import,
    })
}

/// The nearest, of several equally near the first.
fn nearest<N: Ord>(candidates: impl Iterator<Item = (N, ProviderId)>) -> Option<ProviderId> {
    candidates
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, id)| id)
}

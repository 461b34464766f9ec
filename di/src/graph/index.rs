//! Which providers there are, by type.

use std::any::TypeId;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use super::replace::{Place, Replacements};
use super::{Code, Finding, Graph, ModuleId, ProviderId, ProviderNode};
use crate::injectable::InRoot;
use crate::key::Key;
use crate::module::Export;
use crate::provider::Provider;

/// The providers of one type: a list through [`ProviderNode::next`].
pub(super) struct Entry {
    pub(super) first: ProviderId,
    pub(super) last: ProviderId,
    /// The one an application gives out when nobody says which module asks.
    pub(super) preferred: Option<ProviderId>,
}

impl Graph {
    /// Numbers the providers: those every application has, then module by module.
    pub(super) fn list_providers(
        &mut self,
        replacements: &mut Replacements,
        findings: &mut Vec<Finding>,
    ) {
        let listed = self
            .modules
            .iter()
            .map(|module| module.definition.providers.len())
            .sum();
        self.providers.reserve(listed);
        self.types.reserve(listed);
        for descriptor in InRoot::all() {
            let provider = Provider::described(descriptor, descriptor.at);
            self.list(provider, self.root(), replacements, findings);
        }
        for module in self.module_ids() {
            for provider in self.take_providers(module) {
                // One instance an application, whoever lists it.
                let known = provider.in_root
                    && provider.name().is_none()
                    && self.types.contains_key(&provider.key().type_id());
                if !known {
                    self.list(provider, module, replacements, findings);
                }
            }
            self.stand_ins(module, replacements, findings);
        }
    }

    /// Adds what stands in for what the module mentions.
    fn stand_ins(
        &mut self,
        module: ModuleId,
        replacements: &mut Replacements,
        findings: &mut Vec<Finding>,
    ) {
        let mut mentions = self.module(module).definition.mentions.clone();
        mentions.sort_unstable_by_key(Key::type_id);
        mentions.dedup();
        for key in mentions {
            for stand_in in replacements.stand_ins(key) {
                self.add_with_source(stand_in, module, findings);
            }
        }
    }

    /// The module's own list, or a copy if the module belongs to others too: a dynamic one.
    fn take_providers(&mut self, module: ModuleId) -> Vec<Provider> {
        let definition = &mut self.modules[module.index()].definition;
        match Arc::get_mut(definition) {
            Some(definition) => std::mem::take(&mut definition.providers),
            None => definition.providers.clone(),
        }
    }

    /// Adds a provider and what comes with it.
    fn list(
        &mut self,
        provider: Provider,
        module: ModuleId,
        replacements: &mut Replacements,
        findings: &mut Vec<Finding>,
    ) {
        let (key, views) = (provider.key(), provider.views);
        let at = provider.listed();
        let mut shown = None;
        match replacements.apply(provider, module) {
            Place::Own(provider) => shown = self.add_with_source(provider, module, findings),
            Place::Taken(providers) => {
                for provider in providers {
                    let is_same = provider.key() == key;
                    let id = self.add_with_source(provider, module, findings);
                    shown = shown.or(id.filter(|_| is_same));
                }
            }
        }
        for view in views {
            let view = Provider::described(view, at).called(key.name());
            match (replacements.apply(view, module), shown) {
                (Place::Own(view), Some(id)) => {
                    self.add(view, module, Some(id), findings);
                }
                (Place::Own(_), None) => {}
                (Place::Taken(views), _) => {
                    for view in views {
                        self.add_with_source(view, module, findings);
                    }
                }
            }
        }
    }

    /// Adds a provider and, before it, what is listed for it alone.
    pub(super) fn add_with_source(
        &mut self,
        provider: Provider,
        module: ModuleId,
        findings: &mut Vec<Finding>,
    ) -> Option<ProviderId> {
        let source = provider
            .source()
            .and_then(|source| self.add_with_source(source.clone(), module, findings));
        self.add(provider, module, source, findings)
    }

    fn add(
        &mut self,
        provider: Provider,
        module: ModuleId,
        source: Option<ProviderId>,
        findings: &mut Vec<Finding>,
    ) -> Option<ProviderId> {
        let id = ProviderId(self.providers.len() as u32);
        let key = provider.key();
        match self.types.entry(key.type_id()) {
            Slot::Vacant(slot) => {
                let preferred = key.name().is_none().then_some(id);
                slot.insert(Entry {
                    first: id,
                    last: id,
                    preferred,
                });
            }
            Slot::Occupied(mut slot) => {
                let entry = slot.get_mut();
                let twin = chain(&self.providers, Some(entry.first))
                    .find(|(_, node)| node.module == module && node.provider.name() == key.name())
                    .filter(|(_, twin)| !(twin.provider.is_multi() && provider.is_multi()));
                match twin {
                    // Listed already, and what is called is listed once.
                    Some((twin, _)) if provider.is_entry() => {
                        self.providers[twin.index()].provider.mark_entry();
                        return None;
                    }
                    Some((_, twin)) => {
                        findings.push(self.duplicate(module, key, twin, &provider));
                        return None;
                    }
                    None => {}
                }
                let last = std::mem::replace(&mut entry.last, id);
                self.providers[last.index()].next = Some(id);
            }
        }
        self.providers.push(ProviderNode {
            exported: provider.in_root,
            in_root: provider.in_root,
            view: provider.view,
            scope: provider.lifetime(),
            provider,
            module,
            source,
            pruned: false,
            needs_request: false,
            has_own: false,
            next: None,
            edges: (0, 0),
        });
        Some(id)
    }

    fn duplicate(
        &self,
        module: ModuleId,
        key: Key,
        first: &ProviderNode,
        second: &Provider,
    ) -> Finding {
        let name = &self.module(module).definition.name;
        Finding::error(Code::Duplicate, format!("`{name}` provides `{key}` twice"))
            .site(second.listed(), "listed again here")
            .site(first.provider.listed(), "listed first here")
            .path(self.path_to(module))
            .fix(format!(
                "remove one of the two from the providers of `{name}`, or give one a name"
            ))
    }

    /// Every provider of a type, in the order they are listed.
    pub(crate) fn of_type(
        &self,
        type_id: TypeId,
    ) -> impl Iterator<Item = (ProviderId, &ProviderNode)> {
        chain(
            &self.providers,
            self.types.get(&type_id).map(|entry| entry.first),
        )
    }

    /// Marks what an entry of `exports` means; whether there was anything.
    pub(super) fn mark(&mut self, module: ModuleId, export: &Export) -> bool {
        let mut next = self
            .types
            .get(&export.key.type_id())
            .map(|entry| entry.first);
        let mut found = false;
        while let Some(id) = next {
            let node = &mut self.providers[id.index()];
            let own = node.module == module || node.in_root;
            if own && (export.any_name || node.provider.name() == export.key.name()) {
                node.exported = true;
                found = true;
            }
            next = node.next;
        }
        found
    }
}

pub(super) fn chain(
    providers: &[ProviderNode],
    first: Option<ProviderId>,
) -> impl Iterator<Item = (ProviderId, &ProviderNode)> {
    std::iter::successors(first, |id| providers[id.index()].next)
        .map(|id| (id, &providers[id.index()]))
}

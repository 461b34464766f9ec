//! Which providers there are, by type.

use std::any::TypeId;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use super::replace::Replacements;
use super::{Code, Finding, Graph, ModuleId, ProviderId, ProviderNode};
use crate::injectable::{Descriptor, InRoot};
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
            let providers = self.take_providers(module);
            // Looks at one after another without doing anything in between, so that the processor fetches several at a time.
            let own = providers.iter().filter(|it| !it.in_root);
            let requests = own.map(|it| it.dependencies.len()).sum();
            self.requests.reserve(requests);
            for provider in providers {
                // One instance an application, whoever lists it.
                let known = provider.in_root
                    && provider.name().is_none()
                    && self.types.contains_key(&provider.type_id());
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
        let shown = match replacements.apply(&provider, module) {
            None if provider.views.is_empty() => {
                self.add_with_source(provider, module, findings);
                return;
            }
            None => self.add_with_source(provider.clone(), module, findings),
            Some(providers) => {
                let mut shown = None;
                for new in providers {
                    let is_same = new.key() == provider.key();
                    let id = self.add_with_source(new, module, findings);
                    shown = shown.or(id.filter(|_| is_same));
                }
                shown
            }
        };
        for view in provider.views {
            let view = Provider::described(view, provider.listed()).called(provider.name());
            match (replacements.apply(&view, module), shown) {
                (None, Some(id)) => {
                    self.add(view, module, Some(id), findings);
                }
                (None, None) => {}
                (Some(views), _) => {
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
        let source = match provider.source() {
            None => None,
            Some(source) => self.add_with_source(source.clone(), module, findings),
        };
        self.add(provider, module, source, findings)
    }

    fn add(
        &mut self,
        provider: Provider,
        module: ModuleId,
        source: Option<ProviderId>,
        findings: &mut Vec<Finding>,
    ) -> Option<ProviderId> {
        let id = ProviderId::new(self.providers.len() as u32);
        let name = provider.name();
        match self.types.entry(provider.type_id()) {
            Slot::Vacant(slot) => {
                let preferred = name.is_none().then_some(id);
                slot.insert(Entry {
                    first: id,
                    last: id,
                    preferred,
                });
            }
            Slot::Occupied(mut slot) => {
                let entry = slot.get_mut();
                let twin = chain(&self.providers, Some(entry.first))
                    .find(|(_, node)| node.module == module && node.provider.name() == name)
                    .filter(|(_, twin)| !(twin.multi && provider.is_multi()));
                match twin {
                    // Listed already, and what is called is listed once.
                    Some((twin, _)) if provider.is_entry() => {
                        let twin = &mut self.providers[twin.index()].provider;
                        *twin = twin.clone().entry();
                        return None;
                    }
                    Some((_, twin)) => {
                        findings.push(self.duplicate(module, twin, &provider));
                        return None;
                    }
                    None => {}
                }
                let last = std::mem::replace(&mut entry.last, id);
                self.providers[last.index()].next = Some(id);
            }
        }
        let Descriptor {
            in_root,
            view,
            ref dependencies,
            ref build,
            ..
        } = *provider;
        let asked = self.requests.len() as u32;
        self.requests
            .extend(dependencies.iter().map(|it| it.request));
        self.providers.push(ProviderNode {
            build: build.clone(),
            exported: in_root,
            in_root,
            view,
            multi: provider.is_multi(),
            scope: provider.lifetime(),
            provider,
            module,
            source,
            pruned: false,
            needs_request: false,
            has_own: false,
            next: None,
            requests: (asked, self.requests.len() as u32),
            edges: (0, 0),
        });
        Some(id)
    }

    fn duplicate(&self, module: ModuleId, first: &ProviderNode, second: &Provider) -> Finding {
        let (name, key) = (&self.module(module).definition.name, second.key());
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

//! Whose hooks come before whose.

use super::{Graph, ModuleId, ProviderId};

impl Graph {
    /// Pairs of a provider and one whose hooks come before its own: its dependencies, and for a module's own instance everything
    /// its module provides.
    pub(crate) fn hook_order(&self) -> impl Iterator<Item = (ProviderId, ProviderId)> {
        let hosts = self.module_ids().filter_map(|module| self.host(module));
        self.dependencies()
            .chain(hosts.flat_map(|host| self.before(host)))
    }

    /// The module's own instance, if it has hooks.
    fn host(&self, module: ModuleId) -> Option<ProviderId> {
        let key = self.module(module).definition.key?;
        let (id, host) = self
            .of_type(key.type_id())
            .find(|(_, node)| node.module == module && node.key() == key)?;
        (!host.provider.hooks.is_none()).then_some(id)
    }

    fn before(&self, host: ProviderId) -> Vec<(ProviderId, ProviderId)> {
        let module = self.provider(host).module;
        let others = self
            .provider_ids()
            .filter(|id| *id != host && self.provider(*id).module == module);
        // Whoever needs the host comes after it, as after any dependency.
        others
            .filter(|id| !self.needs(*id, host))
            .map(|id| (host, id))
            .collect()
    }

    fn needs(&self, id: ProviderId, wanted: ProviderId) -> bool {
        self.closure(vec![id])[wanted.index()]
    }
}

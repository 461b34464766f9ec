//! Hooks of what has no one instance to call them on.

use super::{Code, Finding, Graph};
use crate::scope::Scope;

impl Graph {
    pub(super) fn uncalled(&self, findings: &mut Vec<Finding>) {
        let several = |id: &_| {
            let node = self.provider(*id);
            node.scope != Scope::Singleton && !node.pruned
        };
        for node in self
            .provider_ids()
            .filter(several)
            .map(|id| self.provider(id))
        {
            let Some(hook) = node.provider.hooks.first() else {
                continue;
            };
            let (key, scope) = (node.key(), node.scope);
            let mut path = self.path_to(node.module);
            path.push(key.to_string());
            let message = format!("nobody calls `{hook}` of `{key}`, which has scope `{scope}`");
            findings.push(
                Finding::warning(Code::Scope, message)
                    .site(node.provider.at, "only singletons have hooks")
                    .path(path)
                    .fix(format!(
                        "make `{key}` a singleton, or do in its constructor, or when it is dropped, what the hook does"
                    )),
            );
        }
    }
}

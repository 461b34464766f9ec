//! Optional dependencies that get nothing, while what they want is there under another name.

use super::{Code, Finding, Graph};
use crate::inject::Arity;

impl Graph {
    pub(super) fn overlooked(&self, findings: &mut Vec<Finding>) {
        for node in self.providers.iter().filter(|node| !node.pruned) {
            for dependency in node.provider.dependencies.iter() {
                let (at, key) = (dependency.at, dependency.request.key);
                let is_empty = dependency.request.arity == Arity::Optional
                    && self.resolve(node.module, &key).is_none();
                let other = is_empty.then(|| self.under_another_name(&key)).flatten();
                let Some(other) = other.filter(|it| self.nearness(node.module, it).is_some())
                else {
                    continue;
                };
                let (consumer, provided) = (node.key(), other.key());
                let mut path = self.path_to(node.module);
                path.extend([consumer.to_string(), key.to_string()]);
                let message = format!("`{consumer}` gets no `{key}`; there is `{provided}`");
                findings.push(
                    Finding::warning(Code::Missing, message)
                        .site(at, dependency.written)
                        .site(other.provider.listed(), format!("`{provided}` is provided"))
                        .path(path)
                        .fix(format!("{}, or remove it", other.ask(&key))),
                );
            }
        }
    }
}

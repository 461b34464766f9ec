//! Providers nobody can have any use for.

use super::{Code, Finding, Graph};

impl Graph {
    /// Warns of private providers of imported modules that nobody asks for and nobody calls. Those of the root module are for `main`.
    pub(super) fn unused(&self, findings: &mut Vec<Finding>) {
        let mut asked = vec![false; self.providers.len()];
        for id in self.provider_ids() {
            for edge in self.edges(id) {
                asked[edge.target.index()] = true;
            }
        }
        for (node, asked) in self.providers.iter().zip(asked) {
            let provider = &node.provider;
            let definition = &self.module(node.module).definition;
            let is_host = definition.key == Some(node.key());
            let called =
                provider.is_entry() || !provider.hooks.is_none() || !provider.metadata.is_empty();
            if asked
                || called
                || is_host
                || provider.view
                || node.exported
                || node.module == self.root()
            {
                continue;
            }
            let (key, name) = (node.key(), &definition.name);
            let mut path = self.path_to(node.module);
            path.push(key.to_string());
            findings.push(
                Finding::warning(
                    Code::Unused,
                    format!("nobody asks for `{key}`, which is private to `{name}`"),
                )
                .site(provider.listed(), "listed here")
                .path(path)
                .fix(format!(
                    "remove it from the providers of `{name}`, or export it"
                )),
            );
        }
    }
}

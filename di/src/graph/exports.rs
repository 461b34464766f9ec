//! What modules show: marks exported providers and finds exports of nothing.

use std::sync::Arc;

use super::{Code, Finding, Graph, ModuleId};
use crate::key::Key;
use crate::module::Export;

impl Graph {
    pub(super) fn mark_exports(&mut self, findings: &mut Vec<Finding>) {
        for module in self.module_ids() {
            let definition = Arc::clone(&self.module(module).definition);
            for export in &definition.exports {
                if !self.mark(module, export) && !self.exports_whole_module(module, export) {
                    findings.push(self.unknown_export(module, export));
                }
            }
        }
    }

    fn exports_whole_module(&self, module: ModuleId, export: &Export) -> bool {
        let imports = &self.module(module).imports;
        imports
            .iter()
            .any(|import| self.module(*import).definition.key == Some(export.key))
    }

    fn unknown_export(&self, module: ModuleId, export: &Export) -> Finding {
        let (name, key) = (&self.module(module).definition.name, export.key);
        let finding = Finding::error(
            Code::UnknownExport,
            format!("`{name}` exports `{key}`, which it does not provide"),
        )
        .site(export.at, format!("exported by `{name}`"))
        .path(self.path_to(module));
        let from = self
            .resolve(module, &key)
            .map(|id| &self.module(self.provider(id).module).definition.name);
        match (from, self.private_to_import(module, &key)) {
            (Some(from), _) => finding.fix(format!(
                "export the module it comes from: `exports = [{from}]` in `{name}`"
            )),
            (None, Some(from)) => finding.fix(format!(
                "add `exports = [{key}]` to `{from}`, and export that: `exports = [{from}]` in `{name}`"
            )),
            (None, None) => finding.fix(format!(
                "add `{key}` to the providers of `{name}`, or remove it from its exports"
            )),
        }
    }

    /// The import that has it and keeps it to itself.
    fn private_to_import(&self, module: ModuleId, key: &Key) -> Option<&str> {
        let imports = &self.module(module).imports;
        let mut all = self.of_type(key.type_id());
        let (_, node) =
            all.find(|(_, node)| node.key() == *key && imports.contains(&node.module))?;
        Some(&self.module(node.module).definition.name)
    }
}

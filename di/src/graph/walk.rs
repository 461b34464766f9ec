//! From the root module along the imports: each module once, what it imports before it.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{ModuleId, ModuleNode};
use crate::import::{Identity, ModuleImport};
use crate::module::{Export, ModuleDefinition};

/// A module in the order of discovery.
struct Visit {
    definition: Arc<ModuleDefinition>,
    imports: Vec<usize>,
    parent: Option<usize>,
    id: ModuleId,
}

impl Visit {
    fn new(import: &ModuleImport, parent: Option<usize>) -> Self {
        Self {
            definition: import.definition(),
            imports: Vec::new(),
            parent,
            id: ModuleId(0),
        }
    }
}

pub(super) fn modules(
    root: &ModuleImport,
    replaced: &FxHashMap<Identity, ModuleImport>,
) -> Vec<ModuleNode> {
    let root = replaced.get(&root.identity()).unwrap_or(root);
    let mut visits = vec![Visit::new(root, None)];
    let mut seen = FxHashMap::default();
    seen.insert(root.identity(), 0);
    let mut finished = Vec::new();
    // A stack of our own: imports may be deeper than the thread's.
    let mut stack = vec![(0, 0)];
    while let Some((visit, next)) = stack.last_mut() {
        let (visit, import) = (*visit, *next);
        *next += 1;
        let definition = Arc::clone(&visits[visit].definition);
        let Some(import) = definition.imports.get(import) else {
            visits[visit].id = ModuleId(finished.len() as u32);
            finished.push(visit);
            stack.pop();
            continue;
        };
        let import = replaced.get(&import.identity()).unwrap_or(import);
        let imported = match seen.entry(import.identity()) {
            Entry::Occupied(entry) => *entry.get(),
            Entry::Vacant(entry) => {
                visits.push(Visit::new(import, Some(visit)));
                stack.push((visits.len() - 1, 0));
                *entry.insert(visits.len() - 1)
            }
        };
        visits[visit].imports.push(imported);
    }
    let mut modules: Vec<_> = finished
        .iter()
        .map(|visit| node(&visits, &visits[*visit]))
        .collect();
    reach(&mut modules);
    modules
}

fn node(visits: &[Visit], visit: &Visit) -> ModuleNode {
    ModuleNode {
        definition: Arc::clone(&visit.definition),
        imports: visit
            .imports
            .iter()
            .map(|import| visits[*import].id)
            .collect(),
        parent: visit.parent.map(|parent| visits[parent].id),
        reach: Vec::new(),
    }
}

/// Computes whose exports each module sees: those of its imports, of the modules these export in turn, and of the global ones.
fn reach(modules: &mut [ModuleNode]) {
    let global: Vec<_> = (0..modules.len() as u32)
        .map(ModuleId)
        .filter(|id| modules[id.index()].definition.global)
        .collect();
    for module in 0..modules.len() {
        let mut seen = modules[module].imports.clone();
        seen.extend(&global);
        let mut next = 0;
        while let Some(&import) = seen.get(next) {
            for exported in reexports(modules, import) {
                if !seen.contains(&exported) {
                    seen.push(exported);
                }
            }
            next += 1;
        }
        seen.sort_unstable();
        seen.dedup();
        modules[module].reach = seen;
    }
}

/// The imports of a module that it exports as a whole.
pub(super) fn reexports(
    modules: &[ModuleNode],
    module: ModuleId,
) -> impl Iterator<Item = ModuleId> + '_ {
    let node = &modules[module.index()];
    let exported = |import: &ModuleId| {
        let key = modules[import.index()].definition.key;
        node.definition
            .exports
            .iter()
            .any(|Export { key: export, .. }| Some(*export) == key)
    };
    // Most modules export none: spare them the search.
    node.imports.iter().copied().filter(exported)
}

//! From the root module along the imports: each module once, what it imports before it.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::replace::Replacements;
use super::{ModuleId, ModuleNode};
use crate::import::ModuleImport;
use crate::module::ModuleDefinition;

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

pub(super) fn modules(root: &ModuleImport, replacements: &mut Replacements) -> Vec<ModuleNode> {
    let root = replacements.import(root);
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
        let import = replacements.import(import);
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
    let global = |(index, node): (usize, &ModuleNode)| {
        node.definition.global.then_some(ModuleId(index as u32))
    };
    let global: Vec<_> = modules.iter().enumerate().filter_map(global).collect();
    let reexports: Vec<_> = (0..modules.len())
        .map(|module| reexports(modules, module))
        .collect();
    for module in modules {
        let mut reach: FxHashSet<_> = module.imports.iter().chain(&global).copied().collect();
        let mut next: Vec<_> = reach.iter().copied().collect();
        while let Some(import) = next.pop() {
            next.extend(
                reexports[import.index()]
                    .iter()
                    .filter(|exported| reach.insert(**exported)),
            );
        }
        module.reach = reach.into_iter().collect();
        module.reach.sort_unstable();
    }
}

/// The imports of a module that it exports as a whole.
fn reexports(modules: &[ModuleNode], module: usize) -> Vec<ModuleId> {
    let ModuleNode {
        imports,
        definition,
        ..
    } = &modules[module];
    if imports.is_empty() || definition.exports.is_empty() {
        return Vec::new();
    }
    let exported: FxHashSet<_> = definition
        .exports
        .iter()
        .map(|export| export.key.type_id())
        .collect();
    let is_exported = |import: &&ModuleId| {
        modules[import.index()]
            .definition
            .key
            .is_some_and(|key| exported.contains(&key.type_id()))
    };
    imports.iter().filter(is_exported).copied().collect()
}

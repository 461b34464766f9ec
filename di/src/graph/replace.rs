//! What takes whose place, and replacements of what is not there.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Code, Finding, Graph, ModuleId};
use crate::import::{Identity, ModuleImport};
use crate::key::Key;
use crate::provider::Provider;

/// How many names an error suggests.
const SUGGESTIONS: usize = 3;

#[derive(Clone, Default)]
pub(super) struct Replacements {
    pub(super) providers: Vec<Replacement>,
    pub(super) modules: FxHashMap<Identity, Module>,
    pub(super) mocker: Option<Arc<Mocker>>,
}

/// Makes what nothing provides.
pub(super) type Mocker = dyn Fn(Key) -> Option<Provider> + Send + Sync;

#[derive(Clone)]
pub(super) struct Replacement {
    /// What it takes the place of.
    of: Key,
    at: &'static Location<'static>,
    by: By,
    used: bool,
    /// What it took the place of, and where.
    old: Vec<(ModuleId, Provider)>,
}

#[derive(Clone)]
enum By {
    Provider {
        new: Provider,
        /// In place of what shows the old one as something else, by the key it is shown as.
        views: Vec<Provider>,
    },
    Decorator(Arc<dyn Fn(Provider) -> Provider + Send + Sync>),
}

#[derive(Clone)]
pub(super) struct Module {
    pub(super) new: ModuleImport,
    pub(super) name: String,
    pub(super) at: &'static Location<'static>,
    pub(super) used: bool,
}

impl Replacement {
    #[track_caller]
    pub(super) fn of(of: Key, new: Provider, views: Vec<Provider>) -> Self {
        let at = new.listed();
        Self::new(of, at, By::Provider { new, views })
    }

    #[track_caller]
    pub(super) fn decorator(
        of: Key,
        decorate: impl Fn(Provider) -> Provider + Send + Sync + 'static,
    ) -> Self {
        Self::new(of, Location::caller(), By::Decorator(Arc::new(decorate)))
    }

    fn new(of: Key, at: &'static Location<'static>, by: By) -> Self {
        let (used, old) = (false, Vec::new());
        Self {
            of,
            at,
            by,
            used,
            old,
        }
    }

    /// What takes the place of `provider`, if it is one that is replaced.
    fn apply(&mut self, provider: &Provider, module: ModuleId) -> Option<Place> {
        let is_of = self.of == provider.key();
        let new = match &self.by {
            By::Decorator(decorate) if is_of => {
                self.used = true;
                return Some(Place::Taken(decorate(provider.clone())));
            }
            By::Provider { new, .. } if is_of => new,
            By::Provider { views, .. } if provider.shows() == Some(self.of) => {
                views.iter().find(|view| view.key() == provider.key())?
            }
            _ => return None,
        };
        let new = new.clone().in_place_of(provider);
        // One stands in for all of several.
        let again =
            is_of && provider.is_multi() && self.old.iter().any(|(known, _)| *known == module);
        self.used = true;
        self.old.push((module, provider.clone()));
        Some(match again {
            true => Place::Gone,
            false => Place::Taken(new),
        })
    }
}

/// What stands where a provider is listed.
pub(super) enum Place {
    /// Itself.
    Own(Provider),
    /// Something else.
    Taken(Provider),
    /// Nothing any more.
    Gone,
}

impl Replacements {
    /// What is imported instead of `import`.
    pub(super) fn import<'a>(&'a mut self, import: &'a ModuleImport) -> &'a ModuleImport {
        if self.modules.is_empty() {
            return import;
        }
        let by_address = self.modules.contains_key(&import.identity());
        let identity = match by_address {
            true => import.identity(),
            false => import.kind(),
        };
        match self.modules.get_mut(&identity) {
            Some(module) => {
                module.used = true;
                &module.new
            }
            None => import,
        }
    }

    /// What is listed where `provider` is.
    pub(super) fn apply(&mut self, provider: Provider, module: ModuleId) -> Place {
        let mut place = Place::Own(provider);
        for replacement in &mut self.providers {
            if let Place::Own(provider) | Place::Taken(provider) = &place
                && let Some(next) = replacement.apply(provider, module)
            {
                place = next;
            }
        }
        place
    }

    /// What stands in for `mentioned`, which a layer above makes itself.
    pub(super) fn stand_in(&mut self, mentioned: Key) -> Option<Provider> {
        let mut replacements = self.providers.iter_mut().rev();
        replacements.find_map(|replacement| match &replacement.by {
            By::Provider { new, .. } if replacement.of == mentioned => {
                replacement.used = true;
                Some(new.clone())
            }
            _ => None,
        })
    }

    /// What was listed and is not any more, and where.
    pub(super) fn old(&self) -> impl Iterator<Item = &(ModuleId, Provider)> {
        self.providers
            .iter()
            .flat_map(|replacement| &replacement.old)
    }
}

impl Graph {
    pub(super) fn unused_replacements(
        &self,
        replacements: &Replacements,
        findings: &mut Vec<Finding>,
    ) {
        for replacement in replacements.providers.iter().filter(|it| !it.used) {
            let key = replacement.of;
            let message = format!("nothing provides `{key}`, so nothing is replaced");
            let fix = "replace a type and name that a module provides";
            findings.push(
                Finding::error(Code::UnknownReplacement, message)
                    .site(replacement.at, "the replacement")
                    .path(self.path_to(self.root()))
                    .fix(format!("{fix}{}", suggestion(&self.similar(key)))),
            );
        }
    }

    pub(super) fn unused_modules(&self, replacements: &Replacements, findings: &mut Vec<Finding>) {
        let unused = replacements.modules.values().filter(|it| !it.used);
        for Module { name, at, .. } in unused {
            let names = self.modules.iter().map(|node| node.definition.name.clone());
            let names = super::explain::nearest_names(name, names, SUGGESTIONS);
            let message = format!("nothing imports `{name}`, so nothing is replaced");
            findings.push(
                Finding::error(Code::UnknownReplacement, message)
                    .site(at, "the replacement")
                    .path(self.path_to(self.root()))
                    .fix(format!(
                        "replace a module that is imported{}",
                        suggestion(&names)
                    )),
            );
        }
    }

    /// What is provided, or made by a layer above, under a similar name.
    fn similar(&self, key: Key) -> Vec<String> {
        let provided = self.providers.iter().map(|node| node.key());
        let mentioned = self
            .modules
            .iter()
            .flat_map(|node| &node.definition.mentions);
        let all: Vec<_> = provided.chain(mentioned.copied()).collect();
        let same_type = all.iter().filter(|near| near.type_id() == key.type_id());
        let mut names: Vec<_> = same_type.map(Key::to_string).collect();
        names.sort_unstable();
        names.dedup();
        match names.is_empty() {
            false => names,
            true => super::explain::nearest_names(
                &key.short_name(),
                all.iter().map(Key::short_name),
                SUGGESTIONS,
            ),
        }
    }
}

fn suggestion(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean `{}`?", names.join("` or `")),
    }
}

impl fmt::Debug for Replacements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replacements")
            .field("providers", &self.providers.len())
            .field("modules", &self.modules.len())
            .finish_non_exhaustive()
    }
}

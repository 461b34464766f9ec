//! What takes whose place.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ModuleId;
use crate::import::{Identity, ModuleImport};
use crate::key::Key;
use crate::provider::Provider;

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
    pub(super) of: Key,
    pub(super) at: &'static Location<'static>,
    by: By,
    pub(super) used: bool,
    /// What it took the place of, and where.
    old: Vec<(ModuleId, Provider)>,
}

#[derive(Clone)]
enum By {
    Providers {
        new: Vec<Provider>,
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
        let (at, new) = (new.listed(), vec![new]);
        Self::new(of, at, By::Providers { new, views })
    }

    #[track_caller]
    pub(super) fn decorator<T: Send + Sync + 'static>(
        name: Option<&'static str>,
        decorate: impl Fn(&T) -> T + Send + Sync + 'static,
    ) -> Self {
        let of = name.into_iter().fold(Key::of::<T>(), Key::named);
        let decorate: Arc<dyn Fn(&T) -> T + Send + Sync> = Arc::new(decorate);
        let decorate = move |provider: Provider| provider.decorated(Arc::clone(&decorate));
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

    /// Adds what takes the place of the same, unless it takes that of one of these.
    fn join(&mut self, other: Self) {
        if let By::Providers { new, views } = &mut self.by
            && let By::Providers { new: n, views: v } = other.by
        {
            self.at = other.at;
            join(new, n);
            join(views, v);
        }
    }

    /// What takes the place of `provider`, if anything does.
    fn apply(&mut self, provider: &Provider, module: ModuleId) -> Option<Vec<Provider>> {
        let is_of = self.of == provider.key();
        let new = match &self.by {
            By::Decorator(decorate) if is_of => {
                self.used = true;
                return Some(vec![decorate(provider.clone())]);
            }
            By::Providers { new, .. } if is_of => &new[..],
            By::Providers { views, .. } if provider.shows() == Some(self.of) => {
                let same = views.iter().find(|view| view.key() == provider.key())?;
                std::slice::from_ref(same)
            }
            _ => return None,
        };
        // One stands in for all of several.
        let again =
            is_of && provider.is_multi() && self.old.iter().any(|(known, _)| *known == module);
        let new = match again {
            true => &[],
            false => new,
        };
        let new = new.iter().map(|new| new.clone().in_place_of(provider));
        let new = new.collect();
        self.used = true;
        self.old.push((module, provider.clone()));
        Some(new)
    }
}

fn join(all: &mut Vec<Provider>, others: Vec<Provider>) {
    all.retain(|one| others.iter().all(|other| other.key() != one.key()));
    all.extend(others);
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

    /// What is listed where `provider` is, if that is something else, or nothing any more.
    #[inline]
    pub(super) fn apply(&mut self, provider: &Provider, module: ModuleId) -> Option<Vec<Provider>> {
        if self.providers.is_empty() {
            return None;
        }
        let mut place = None;
        for replacement in &mut self.providers {
            let mut taken = false;
            let mut next = Vec::new();
            let all = place
                .as_deref()
                .unwrap_or_else(|| std::slice::from_ref(provider));
            for provider in all {
                match replacement.apply(provider, module) {
                    Some(new) => {
                        taken = true;
                        next.extend(new);
                    }
                    None => next.push(provider.clone()),
                }
            }
            if taken {
                place = Some(next);
            }
        }
        place
    }

    /// Replaces, together with what takes the place of the same.
    pub(super) fn push(&mut self, new: Replacement) {
        let is_same =
            |it: &&mut Replacement| it.of == new.of && matches!(it.by, By::Providers { .. });
        match (self.providers.iter_mut().find(is_same), &new.by) {
            (Some(known), By::Providers { .. }) => known.join(new),
            _ => self.providers.push(new),
        }
    }

    /// What stands in for `mentioned`, which a layer above makes itself.
    pub(super) fn stand_ins(&mut self, mentioned: Key) -> Vec<Provider> {
        let mut found = Vec::new();
        for replacement in self.providers.iter_mut().filter(|it| it.of == mentioned) {
            if let By::Providers { new, .. } = &replacement.by {
                replacement.used = true;
                found.extend(new.iter().cloned());
            }
        }
        found
    }

    /// Whose place something of another type takes.
    pub(super) fn stood_in(&self) -> Vec<Key> {
        let stands_in = |it: &&Replacement| match &it.by {
            By::Providers { new, .. } => new.iter().all(|new| new.key() != it.of),
            By::Decorator(_) => false,
        };
        let found = self.providers.iter().filter(stands_in);
        found.map(|replacement| replacement.of).collect()
    }

    /// What was listed and is not any more, and where.
    pub(super) fn old(&self) -> impl Iterator<Item = &(ModuleId, Provider)> {
        self.providers
            .iter()
            .flat_map(|replacement| &replacement.old)
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

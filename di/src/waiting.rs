//! Providers that wait for others, and when they are free to go on.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::graph::ProviderId;

#[derive(Default)]
pub(crate) struct Waiting {
    /// How many others each of them still waits for.
    lacks: FxHashMap<ProviderId, usize>,
    dependents: FxHashMap<ProviderId, Vec<ProviderId>>,
}

impl Waiting {
    /// From pairs of who waits and for whom.
    pub(crate) fn new(pairs: impl Iterator<Item = (ProviderId, ProviderId)>) -> Self {
        let mut waiting = Self::default();
        for (dependent, dependency) in pairs {
            *waiting.lacks.entry(dependent).or_default() += 1;
            waiting
                .dependents
                .entry(dependency)
                .or_default()
                .push(dependent);
        }
        waiting
    }

    pub(crate) fn is_free(&self, id: ProviderId) -> bool {
        !self.lacks.contains_key(&id)
    }

    /// Those that waited for nothing but `done`.
    pub(crate) fn release(&mut self, done: ProviderId) -> VecDeque<ProviderId> {
        let mut free = VecDeque::new();
        for id in self.dependents.remove(&done).unwrap_or_default() {
            if let Some(lacks) = self.lacks.get_mut(&id) {
                *lacks -= 1;
                if *lacks == 0 {
                    self.lacks.remove(&id);
                    free.push_back(id);
                }
            }
        }
        free
    }
}

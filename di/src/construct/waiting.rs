//! Providers that wait for others, and when they are free to start.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::graph::{Graph, ProviderId};

pub(super) struct Waiting {
    /// How many dependencies each of them still lacks.
    lacks: FxHashMap<ProviderId, usize>,
    dependents: FxHashMap<ProviderId, Vec<ProviderId>>,
}

impl Waiting {
    pub(super) fn new(
        graph: &Graph,
        blocked: &[ProviderId],
        built: impl Fn(ProviderId) -> bool,
    ) -> Self {
        let mut waiting = Self {
            lacks: FxHashMap::default(),
            dependents: FxHashMap::default(),
        };
        for &id in blocked {
            for edge in graph.edges(id).iter().filter(|edge| !built(edge.target)) {
                *waiting.lacks.entry(id).or_default() += 1;
                waiting.dependents.entry(edge.target).or_default().push(id);
            }
        }
        waiting
    }

    /// Those that waited for nothing but `built`.
    pub(super) fn release(&mut self, built: ProviderId) -> VecDeque<ProviderId> {
        let mut free = VecDeque::new();
        for id in self.dependents.remove(&built).unwrap_or_default() {
            if let Some(lacks) = self.lacks.get_mut(&id) {
                *lacks -= 1;
                if *lacks == 0 {
                    free.push_back(id);
                }
            }
        }
        free
    }
}

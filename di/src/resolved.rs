//! What a constructor is called with.

use std::any::Any;
use std::sync::Arc;

use crate::container::Inner;
use crate::graph::{Edge, ModuleId, ProviderId};
use crate::handle::Handle;

/// The dependencies of one provider, resolved, handed out in the order they were declared.
pub struct Resolved<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) module: ModuleId,
    /// For whom the provider is built, if for one alone.
    pub(crate) caller: Option<ProviderId>,
    edges: &'a [Edge],
    /// Beside each edge, what was built for it alone; empty where nothing was.
    fresh: &'a [Option<Handle>],
    dependency: u32,
}

/// What one dependency was resolved to.
pub(crate) struct Answer<'a> {
    inner: &'a Inner,
    pub(crate) edges: &'a [Edge],
    fresh: &'a [Option<Handle>],
}

impl<'a> Resolved<'a> {
    pub(crate) fn new(
        inner: &'a Arc<Inner>,
        module: ModuleId,
        caller: Option<ProviderId>,
        edges: &'a [Edge],
        fresh: &'a [Option<Handle>],
    ) -> Self {
        Self {
            inner,
            module,
            caller,
            edges,
            fresh,
            dependency: 0,
        }
    }

    /// Puts the one answer to the next dependency into `out`, an `Option<Arc<T>>`. Not generic: code that every constructor shares
    /// stays in the cache.
    pub(crate) fn one(&mut self, out: &mut dyn Any) {
        if let Some(handle) = self.next().all().next() {
            handle.put(out);
        }
    }

    /// The answer to the next dependency.
    pub(crate) fn next(&mut self) -> Answer<'a> {
        let mut count = 0;
        while self
            .edges
            .get(count)
            .is_some_and(|edge| edge.dependency == self.dependency)
        {
            count += 1;
        }
        let (edges, rest) = self.edges.split_at(count);
        let (fresh, rest_fresh) = self.fresh.split_at(count.min(self.fresh.len()));
        (self.edges, self.fresh) = (rest, rest_fresh);
        self.dependency += 1;
        Answer {
            inner: self.inner,
            edges,
            fresh,
        }
    }
}

impl<'a> Answer<'a> {
    /// What there is, in the order it is listed.
    pub(crate) fn all(self) -> impl Iterator<Item = &'a Handle> {
        self.edges
            .iter()
            .enumerate()
            .filter_map(move |(index, edge)| {
                let fresh = self.fresh.get(index).and_then(Option::as_ref);
                fresh.or_else(|| self.inner.handle(edge.target))
            })
    }
}

//! What a constructor is called with.

use std::sync::Arc;

use crate::container::Inner;
use crate::graph::{Edge, ModuleId, ProviderId};
use crate::handle::{Handle, Instance};

/// The dependencies of one provider, resolved, handed out in the order they were declared.
pub struct Resolved<'a> {
    pub(crate) inner: &'a Arc<Inner>,
    pub(crate) module: ModuleId,
    /// For whom the provider is built, if for one alone.
    pub(crate) caller: Option<ProviderId>,
    edges: &'a [Edge],
    /// Beside each edge, what was built for it alone; empty where nothing was.
    fresh: &'a [Option<Handle>],
    /// Which dependency is handed out next, and its first edge.
    dependency: u32,
    edge: usize,
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
            edge: 0,
        }
    }

    /// The one answer to the next dependency.
    pub(crate) fn one(&mut self) -> Option<&'a Handle> {
        let edge = self.edge();
        self.next();
        self.handle(edge?)
    }

    /// As [`one`](Self::one), where it is of a type that has a size. Not generic: code that every constructor shares stays in the cache.
    pub(crate) fn instance(&mut self) -> Option<Instance> {
        match self.one()? {
            Handle::Value(value) => Some(Arc::clone(value) as Instance),
            Handle::Object(_) => None,
        }
    }

    /// The answers to the next dependency, in the order they are listed.
    pub(crate) fn all(&mut self) -> Vec<&'a Handle> {
        let mut all = Vec::new();
        while let Some(edge) = self.edge() {
            all.extend(self.handle(edge));
        }
        self.next();
        all
    }

    /// What answers the next dependency later.
    pub(crate) fn later(&mut self) -> Option<ProviderId> {
        let edge = self.edge();
        self.next();
        Some(self.edges[edge?].target)
    }

    /// Goes on to the next dependency.
    pub(crate) fn next(&mut self) {
        self.dependency += 1;
    }

    /// One more edge of this dependency.
    fn edge(&mut self) -> Option<usize> {
        let edge = self.edge;
        let is_of_this = self.edges.get(edge)?.dependency == self.dependency;
        is_of_this.then(|| {
            self.edge += 1;
            edge
        })
    }

    fn handle(&self, edge: usize) -> Option<&'a Handle> {
        let fresh = self.fresh.get(edge).and_then(Option::as_ref);
        fresh.or_else(|| self.inner.handle(self.edges[edge].target))
    }
}

//! Builds what a graph describes, each provider as soon as its dependencies are there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::container::{Container, Inner};
use crate::failure::{Cause, ConstructError, Failure};
use crate::graph::{Graph, ProviderId};
use crate::handle::Handle;
use crate::inject::Resolved;
use crate::injectable::{Build, BuildFuture};
use crate::options::Options;
use crate::waiting::Waiting;

pub(crate) async fn construct(graph: Graph, options: Options) -> Result<Container, ConstructError> {
    let mut construction = Construction {
        inner: Arc::new(Inner::new(graph, options)),
        built: Vec::new(),
        failures: Vec::new(),
    };
    let started = construction.build_at_once();
    construction.await_rest(started).await;
    construction.finish()
}

struct Construction {
    inner: Arc<Inner>,
    built: Vec<ProviderId>,
    failures: Vec<Failure>,
}

/// What starting a constructor led to.
enum Step {
    Built(Result<Handle, Cause>),
    Pending(BuildFuture),
}

/// What could not be finished without waiting.
#[derive(Default)]
struct Started {
    pending: Vec<(ProviderId, BuildFuture)>,
    blocked: Vec<ProviderId>,
}

impl Construction {
    /// Builds all that depends on nothing asynchronous: most applications end here.
    fn build_at_once(&mut self) -> Started {
        let inner = Arc::clone(&self.inner);
        self.built.reserve(inner.slots.len());
        let mut started = Started::default();
        for &id in inner.graph.order() {
            if !self.failures.is_empty() {
                break;
            }
            let ready = inner
                .graph
                .edges(id)
                .iter()
                .all(|edge| inner.slots[edge.target.index()].get().is_some());
            if !ready {
                started.blocked.push(id);
                continue;
            }
            match self.start(id) {
                Step::Built(result) => self.settle(id, result),
                Step::Pending(future) => started.pending.push((id, future)),
            }
        }
        started
    }

    /// Awaits asynchronous constructors and starts what each of them was in the way of.
    async fn await_rest(&mut self, started: Started) {
        if !self.failures.is_empty() {
            return;
        }
        let inner = Arc::clone(&self.inner);
        let lacking = started.blocked.iter().flat_map(|&id| {
            let targets = inner.graph.edges(id).iter().map(|edge| edge.target);
            targets
                .filter(|target| inner.slots[target.index()].get().is_none())
                .map(move |target| (id, target))
        });
        let mut waiting = Waiting::new(lacking);
        let mut queue: std::collections::VecDeque<_> = started.pending.into();
        let mut running = FuturesUnordered::new();
        loop {
            while self.failures.is_empty() && running.len() < inner.options.concurrency {
                let Some((id, future)) = queue.pop_front() else {
                    break;
                };
                let future = inner.options.supervise(future);
                running.push(future.map(move |result| (id, result)));
            }
            // After a failure nothing new starts, but what is under way may still finish.
            let Some((id, result)) = running.next().await else {
                break;
            };
            self.settle(id, result);
            let mut free = waiting.release(id);
            while let (true, Some(id)) = (self.failures.is_empty(), free.pop_front()) {
                match self.start(id) {
                    Step::Built(result) => {
                        self.settle(id, result);
                        free.extend(waiting.release(id));
                    }
                    Step::Pending(future) => queue.push_back((id, future)),
                }
            }
        }
    }

    fn start(&self, id: ProviderId) -> Step {
        let graph = &self.inner.graph;
        let mut resolved = Resolved::new(&self.inner.slots, graph.edges(id));
        let started = catch_unwind(AssertUnwindSafe(|| {
            match &graph.provider(id).provider.build {
                Build::Ready(handle) => Step::Built(Ok(handle.clone())),
                Build::Sync(build) => Step::Built(build(&mut resolved)),
                Build::Async(build) => Step::Pending(build(&mut resolved)),
                Build::Factory(build) => Step::Pending(build(&mut resolved)),
            }
        }));
        started.unwrap_or_else(|panic| Step::Built(Err(Cause::panicked(&*panic))))
    }

    fn settle(&mut self, id: ProviderId, result: Result<Handle, Cause>) {
        match result {
            Ok(handle) => {
                // Every provider is started once.
                let _ = self.inner.slots[id.index()].set(handle);
                self.built.push(id);
            }
            Err(cause) => self
                .failures
                .push(Failure::new(&self.inner.graph, id, None, cause)),
        }
    }

    fn finish(self) -> Result<Container, ConstructError> {
        let container = self.inner.finish(self.built);
        ConstructError::check(self.failures).map(|()| container)
    }
}

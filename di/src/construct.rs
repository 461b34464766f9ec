//! Builds what a graph describes, each provider as soon as its dependencies are there.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};

use rustc_hash::FxHashMap;

use crate::build::{self, Step};
use crate::container::{Container, Inner};
use crate::failure::{ConstructError, Failure};
use crate::graph::{Graph, ProviderId};
use crate::handle::Handle;
use crate::options::Options;
use crate::resolved::Resolved;
use crate::scope::Scope;
use crate::waiting::Waiting;

pub(crate) async fn construct(graph: Graph, options: Options) -> Result<Container, ConstructError> {
    let providers = graph.providers.len();
    let mut construction = Construction {
        inner: Arc::new(Inner::new(graph, options)),
        done: vec![false; providers],
        built: Vec::with_capacity(providers),
        times: FxHashMap::default(),
        failures: Vec::new(),
    };
    let started = construction.build_at_once();
    construction.await_rest(started).await;
    let Construction {
        inner,
        built,
        times,
        failures,
        ..
    } = construction;
    let container = inner.finish(built, times);
    ConstructError::check(failures).map(|()| container)
}

struct Construction {
    inner: Arc<Inner>,
    /// Built; or, where each consumer builds one for itself, ready to be.
    done: Vec<bool>,
    built: Vec<ProviderId>,
    /// Of what had to be waited for.
    times: FxHashMap<usize, Duration>,
    failures: Vec<Failure>,
}

/// What could not be finished without waiting.
#[derive(Default)]
struct Started {
    pending: VecDeque<(ProviderId, Pending)>,
    blocked: Vec<ProviderId>,
}

impl Started {
    /// Whether all is finished up to here.
    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.blocked.is_empty()
    }
}

type Pending = BoxFuture<'static, Result<Handle, Failure>>;

impl Construction {
    /// Builds all that depends on nothing asynchronous: most applications end here.
    fn build_at_once(&mut self) -> Started {
        let inner = Arc::clone(&self.inner);
        let mut started = Started::default();
        for &id in inner.graph.order() {
            if !self.failures.is_empty() {
                break;
            }
            let ready = started.is_empty() || self.is_ready(&inner.graph, id);
            if !ready {
                started.blocked.push(id);
            } else if let Some(future) = self.start(&inner, id) {
                started.pending.push_back((id, future));
            }
        }
        started
    }

    fn is_ready(&self, graph: &Graph, id: ProviderId) -> bool {
        let mut edges = graph.strong_edges(id);
        edges.all(|edge| self.done[edge.target.index()])
    }

    /// Awaits asynchronous constructors and starts what each of them was in the way of.
    async fn await_rest(&mut self, started: Started) {
        let inner = Arc::clone(&self.inner);
        let mut waiting = Waiting::new(started.blocked.iter().flat_map(|&id| {
            let targets = inner.graph.strong_edges(id).map(|edge| edge.target);
            targets
                .filter(|target| !self.done[target.index()])
                .map(move |target| (id, target))
        }));
        let mut queue = started.pending;
        let mut running = FuturesUnordered::new();
        loop {
            // After a failure nothing new starts, but what is under way may still finish.
            while self.failures.is_empty() && running.len() < inner.options.concurrency {
                let Some((id, future)) = queue.pop_front() else {
                    break;
                };
                let started = Instant::now();
                running.push(future.map(move |result| (id, started.elapsed(), result)));
            }
            let Some((id, took, result)) = running.next().await else {
                break;
            };
            let (provider, ok) = (inner.graph.provider(id).key(), result.is_ok());
            tracing::debug!(%provider, ?took, ok, "a constructor has run");
            self.times.insert(id.index(), took);
            match result {
                Ok(handle) => self.built(id, handle),
                Err(failure) => self.failed(failure),
            }
            let mut free = waiting.release(id);
            while let (true, Some(id)) = (self.failures.is_empty(), free.pop_front()) {
                match self.start(&inner, id) {
                    None => free.extend(waiting.release(id)),
                    Some(future) => queue.push_back((id, future)),
                }
            }
        }
    }

    /// Builds a singleton now, or returns what it has to wait for.
    fn start(&mut self, inner: &Arc<Inner>, id: ProviderId) -> Option<Pending> {
        let node = inner.graph.provider(id);
        if node.scope != Scope::Singleton {
            self.done[id.index()] = true;
            return None;
        }
        if node.has_own {
            let inner = Arc::clone(inner);
            return Some(async move { build::fresh(&inner, id, None, None).await }.boxed());
        }
        let mut resolved = Resolved::new(inner, node.module, None, inner.graph.edges(id), &[]);
        match node.build.start(&mut resolved) {
            Ok(Step::Built(handle)) => self.built(id, handle),
            Err(cause) => self.failed(Failure::new(&inner.graph, id, None, cause)),
            Ok(Step::Pending(future)) => {
                let inner = Arc::clone(inner);
                let built = async move {
                    let result = inner.options.supervise(future).await;
                    result.map_err(|cause| Failure::new(&inner.graph, id, None, cause))
                };
                return Some(built.boxed());
            }
        }
        None
    }

    fn built(&mut self, id: ProviderId, handle: Handle) {
        // Every provider is started once.
        let _ = self.inner.slots[id.index()].set(handle);
        self.done[id.index()] = true;
        self.built.push(id);
    }

    #[cold]
    fn failed(&mut self, failure: Failure) {
        self.failures.push(failure);
    }
}

//! Calls the hooks: in dependency order on the way up, in reverse on the way down, what is independent at the same time.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};

use crate::container::{Container, Inner};
use crate::failure::{Cause, Failure, LifecycleError};
use crate::graph::ProviderId;
use crate::hooks::{Hook, HookFn};
use crate::waiting::Waiting;

impl Container {
    /// Runs [`OnModuleInit`](crate::OnModuleInit), dependencies first.
    ///
    /// ```
    /// use nestrs_di::{Graph, HookError, OnModuleInit, injectable, module};
    ///
    /// #[injectable]
    /// struct Pool;
    ///
    /// impl OnModuleInit for Pool {
    ///     async fn on_module_init(&self) -> Result<(), HookError> {
    ///         Err("no database".into())
    ///     }
    /// }
    ///
    /// #[module(providers = [Pool])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let error = container.init().await.unwrap_err();
    /// assert!(error.to_string().contains("`on_module_init` of `Pool` failed: no database"));
    /// # }
    /// ```
    ///
    /// # Errors
    /// The hooks that failed. Nothing new starts after the first; then every provider but those whose own hook did not succeed is
    /// shut down in reverse, by all three hooks of the way down; their errors follow.
    ///
    /// # Cancel safety
    /// Hooks under way are cut short and no others start; nothing is shut down.
    pub async fn init(&self) -> Result<(), LifecycleError> {
        self.up(Hook::Init).await
    }

    /// Runs [`OnApplicationBootstrap`](crate::OnApplicationBootstrap), dependencies first.
    ///
    /// ```
    /// # use nestrs_di::{Container, LifecycleError};
    /// async fn start(container: &Container) -> Result<(), LifecycleError> {
    ///     container.init().await?;
    ///     container.bootstrap().await
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`init`](Self::init).
    ///
    /// # Cancel safety
    /// As [`init`](Self::init).
    pub async fn bootstrap(&self) -> Result<(), LifecycleError> {
        self.up(Hook::Bootstrap).await
    }

    /// Runs [`OnModuleDestroy`](crate::OnModuleDestroy), dependencies last.
    ///
    /// ```
    /// # use nestrs_di::{Container, LifecycleError};
    /// async fn end(container: &Container) -> Result<(), LifecycleError> {
    ///     container.destroy().await?;
    ///     container.before_shutdown(Some("SIGTERM")).await?;
    ///     container.shutdown(Some("SIGTERM")).await
    /// }
    /// ```
    ///
    /// # Errors
    /// The hooks that failed; the others ran all the same.
    ///
    /// # Cancel safety
    /// Hooks under way are cut short and no others start.
    pub async fn destroy(&self) -> Result<(), LifecycleError> {
        LifecycleError::check(self.down(Hook::Destroy, None, |_| true).await)
    }

    /// Runs [`BeforeApplicationShutdown`](crate::BeforeApplicationShutdown) with the signal's name, dependencies last.
    ///
    /// ```
    /// # async fn end(container: &nestrs_di::Container) {
    /// container.before_shutdown(Some("SIGTERM")).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`destroy`](Self::destroy).
    ///
    /// # Cancel safety
    /// As [`destroy`](Self::destroy).
    pub async fn before_shutdown(&self, signal: Option<&str>) -> Result<(), LifecycleError> {
        LifecycleError::check(self.down(Hook::BeforeShutdown, signal, |_| true).await)
    }

    /// Runs [`OnApplicationShutdown`](crate::OnApplicationShutdown) with the signal's name, dependencies last.
    ///
    /// ```
    /// # async fn end(container: &nestrs_di::Container) {
    /// container.shutdown(None).await.unwrap();
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`destroy`](Self::destroy).
    ///
    /// # Cancel safety
    /// As [`destroy`](Self::destroy).
    pub async fn shutdown(&self, signal: Option<&str>) -> Result<(), LifecycleError> {
        LifecycleError::check(self.down(Hook::Shutdown, signal, |_| true).await)
    }

    async fn up(&self, hook: Hook) -> Result<(), LifecycleError> {
        let inner = self.inner();
        let mut run = Run::new(inner, hook, None);
        let pairs = inner.graph.hook_order();
        run.all(
            Waiting::new(pairs),
            inner.graph.order().iter().copied(),
            |_| true,
        )
        .await;
        if run.failures.is_empty() {
            return Ok(());
        }
        let Run {
            mut failures, done, ..
        } = run;
        // Whoever has no such hook is up by being built.
        let up =
            |id| hook == Hook::Bootstrap || inner.hook(id, hook).is_none() || done.contains(&id);
        for hook in [Hook::Destroy, Hook::BeforeShutdown, Hook::Shutdown] {
            failures.extend(self.down(hook, None, up).await);
        }
        LifecycleError::check(failures)
    }

    async fn down(
        &self,
        hook: Hook,
        signal: Option<&str>,
        wanted: impl Fn(ProviderId) -> bool,
    ) -> Vec<Failure> {
        let inner = self.inner();
        let mut run = Run::new(inner, hook, signal);
        let pairs = inner
            .graph
            .hook_order()
            .map(|(dependent, dependency)| (dependency, dependent));
        run.all(
            Waiting::new(pairs),
            inner.graph.order().iter().rev().copied(),
            wanted,
        )
        .await;
        run.failures
    }
}

/// One hook for all providers.
struct Run<'a> {
    inner: &'a Inner,
    hook: Hook,
    signal: Option<&'a str>,
    done: Vec<ProviderId>,
    failures: Vec<Failure>,
}

impl<'a> Run<'a> {
    fn new(inner: &'a Inner, hook: Hook, signal: Option<&'a str>) -> Self {
        Self {
            inner,
            hook,
            signal,
            done: Vec::new(),
            failures: Vec::new(),
        }
    }

    async fn all(
        &mut self,
        mut waiting: Waiting,
        order: impl Iterator<Item = ProviderId> + Clone,
        wanted: impl Fn(ProviderId) -> bool,
    ) {
        if !order
            .clone()
            .any(|id| self.inner.hook(id, self.hook).is_some())
        {
            return;
        }
        let mut free: VecDeque<_> = order.filter(|id| waiting.is_free(*id)).collect();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < self.inner.options.concurrency && !self.is_over() {
                let Some(id) = free.pop_front() else { break };
                match self.inner.hook(id, self.hook).filter(|_| wanted(id)) {
                    Some((hook, instance)) => {
                        let started = Instant::now();
                        let call = self.call(hook, instance);
                        running.push(call.map(move |result| (id, started.elapsed(), result)))
                    }
                    None => free.extend(waiting.release(id)),
                }
            }
            let Some((id, took, result)) = running.next().await else {
                break;
            };
            let (provider, ok) = (self.inner.graph.provider(id).key(), result.is_ok());
            tracing::debug!(%provider, hook = %self.hook, ?took, ok, "a hook has run");
            match result {
                Ok(()) => self.done.push(id),
                Err(cause) => {
                    self.failures
                        .push(Failure::new(&self.inner.graph, id, Some(self.hook), cause))
                }
            }
            free.extend(waiting.release(id));
        }
    }

    /// On the way up the first failure ends it, on the way down everyone has a turn.
    fn is_over(&self) -> bool {
        matches!(self.hook, Hook::Init | Hook::Bootstrap) && !self.failures.is_empty()
    }

    fn call(
        &self,
        hook: HookFn,
        instance: &'a (dyn Any + Send + Sync),
    ) -> BoxFuture<'a, Result<(), Cause>> {
        let (options, signal) = (&self.inner.options, self.signal);
        // The call itself may panic before there is a future.
        match catch_unwind(AssertUnwindSafe(|| hook(instance, signal))) {
            Ok(future) => {
                let future =
                    future.map(|result| result.map_err(|error| Cause::Failed(error.into_inner())));
                options.supervise(future.boxed()).boxed()
            }
            Err(panic) => std::future::ready(Err(Cause::panicked(&*panic))).boxed(),
        }
    }
}

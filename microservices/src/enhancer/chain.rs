//! The enhancers of one handler, and how a message goes through them.

use std::fmt;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, TransportError};
use nestrs_di::Key;

use super::held::{Held, held};
use super::{
    Enhancers, ExceptionFilter, GlobalEnhancers, Guard, Interceptor, ModuleEnhancers, Pipe,
};
use crate::ctx::Ctx;
use crate::incoming::{Home, Incoming};

/// A handler, called with a message that came through the chain.
pub(crate) type BoundCall =
    dyn Fn(Incoming) -> BoxFuture<'static, Result<Answer, TransportError>> + Send + Sync;

/// All enhancers of one handler, the outermost first.
pub(crate) struct Chain {
    /// First those around the guards, then those around the rest.
    interceptors: Vec<Held<dyn Interceptor>>,
    around_guards: usize,
    guards: Vec<Held<dyn Guard>>,
    pipes: Vec<Held<dyn Pipe>>,
    filters: Vec<Held<dyn ExceptionFilter>>,
}

impl Chain {
    /// The chain of a handler whose own enhancers are those of `levels`.
    ///
    /// # Errors
    ///
    /// The key of an enhancer that `home` does not provide.
    pub(crate) fn bind(
        global: &GlobalEnhancers,
        module: Option<&ModuleEnhancers>,
        [block, method]: [Enhancers; 2],
        home: Option<&Home>,
    ) -> Result<Self, Key> {
        let none = ModuleEnhancers::default();
        let module = module.unwrap_or(&none);
        let mut interceptors = held(
            &global.interceptors,
            [
                &module.interceptors,
                block.interceptors,
                method.interceptors,
            ],
            home,
        )?;
        // Stable: the order among those around the guards stays, and so does
        // that of the others.
        interceptors.sort_by_key(|held| !held.is_around_guards());
        Ok(Self {
            around_guards: interceptors
                .iter()
                .filter(|held| held.is_around_guards())
                .count(),
            interceptors,
            guards: held(
                &global.guards,
                [&module.guards, block.guards, method.guards],
                home,
            )?,
            pipes: held(
                &global.pipes,
                [&module.pipes, block.pipes, method.pipes],
                home,
            )?,
            filters: held(
                &global.filters,
                [&module.filters, block.filters, method.filters],
                home,
            )?,
        })
    }

    fn is_empty(&self) -> bool {
        self.interceptors.is_empty()
            && self.guards.is_empty()
            && self.pipes.is_empty()
            && self.filters.is_empty()
    }

    /// Whether some of it is made for each message.
    pub(crate) fn is_of_request(&self) -> bool {
        self.interceptors.iter().any(Held::is_of_request)
            || self.guards.iter().any(Held::is_of_request)
            || self.pipes.iter().any(Held::is_of_request)
            || self.filters.iter().any(Held::is_of_request)
    }

    pub(crate) fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Takes a message through the chain to the handler, and its answer back.
    /// An error has not been through the filters yet.
    pub(crate) fn run<'a>(
        &'a self,
        message: Incoming,
        call: &'a BoundCall,
    ) -> BoxFuture<'a, Result<Answer, TransportError>> {
        if self.is_empty() {
            return call(message);
        }
        let chain = self;
        let step = Step::Interceptor(0);
        Next { chain, step, call }.run(message)
    }

    /// What the first filter that is for `error` makes of it.
    pub(crate) async fn catch(
        &self,
        error: TransportError,
        ctx: &Ctx,
        home: Option<&Home>,
    ) -> Result<Answer, TransportError> {
        for filter in self.filters.iter().rev() {
            let filter = filter.get(home).await?;
            if filter.catches(&error) {
                return flat(filter.catch(error, ctx).await);
            }
        }
        Err(error)
    }

    async fn guard(&self, message: &Incoming) -> Result<(), TransportError> {
        for guard in &self.guards {
            let guard = guard.get(message.home.as_ref()).await?;
            guard.can_activate(message).await?;
        }
        Ok(())
    }

    async fn transform(&self, message: &mut Incoming) -> Result<(), TransportError> {
        if self.pipes.is_empty() {
            return Ok(());
        }
        let mut payload = message.take_payload()?;
        for pipe in &self.pipes {
            let pipe = pipe.get(message.home.as_ref()).await?;
            payload = pipe.transform(payload, message).await?;
        }
        message.set_payload(payload);
        Ok(())
    }
}

/// What an interceptor wraps: the interceptors after it, the pipes, the
/// handler. See [`Interceptor`] for an example.
#[must_use = "the handler does not run unless `next` does"]
pub struct Next<'a> {
    chain: &'a Chain,
    step: Step,
    call: &'a BoundCall,
}

#[derive(Clone, Copy)]
enum Step {
    /// By its place; beyond those around the guards the guards come first.
    Interceptor(usize),
    /// Behind the guards.
    Guarded(usize),
}

impl<'a> Next<'a> {
    /// Takes the message on to the handler.
    ///
    /// # Errors
    ///
    /// What went wrong there, or on the way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler where it stands.
    pub fn run(self, message: Incoming) -> BoxFuture<'a, Result<Answer, TransportError>> {
        let Self { chain, step, call } = self;
        let (at, guarded) = match step {
            Step::Interceptor(at) => (at, false),
            Step::Guarded(at) => (at, true),
        };
        if !guarded && at == chain.around_guards {
            let step = Step::Guarded(at);
            return Box::pin(async move {
                chain.guard(&message).await?;
                Next { chain, step, call }.run(message).await
            });
        }
        let step = match guarded {
            true => Step::Guarded(at + 1),
            false => Step::Interceptor(at + 1),
        };
        let next = Next { chain, step, call };
        match chain.interceptors.get(at) {
            Some(Held::Ready(interceptor)) => interceptor.intercept(message, next),
            Some(held) => Box::pin(async move {
                let interceptor = held.get(message.home.as_ref()).await?;
                interceptor.intercept(message, next).await
            }),
            None => Box::pin(async move {
                let mut message = message;
                chain.transform(&mut message).await?;
                flat(call(message).await)
            }),
        }
    }
}

/// An error is an error, in whatever place it stands.
fn flat(answer: Result<Answer, TransportError>) -> Result<Answer, TransportError> {
    match answer {
        Ok(Answer::One(Err(error))) => Err(error),
        other => other,
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

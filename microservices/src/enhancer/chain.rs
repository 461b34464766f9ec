//! The enhancers of one handler, and how a message goes through them.

use std::fmt;
use std::pin::Pin;

use nestrs_di::Key;

use super::callee::{Called, Callee};
use super::held::{Held, held};
use super::{
    ExceptionFilter, GlobalEnhancers, Guard, Interceptor, Messages, Pipe, Protocol, Source,
};
use crate::home::Home;

/// All enhancers of one handler, the outermost first.
pub struct Chain<P: Protocol = Messages> {
    /// First those around the guards, then those around the rest.
    interceptors: Vec<Held<dyn Interceptor<P>>>,
    around_guards: usize,
    guards: Vec<Held<dyn Guard<P>>>,
    pipes: Vec<Held<dyn Pipe<P>>>,
    filters: Vec<Held<dyn ExceptionFilter<P>>>,
}

/// Enhancers that were listed in one place: a module, a block, a method.
pub struct Level<'a, P: Protocol = Messages> {
    pub(super) interceptors: &'a [&'static dyn Source<dyn Interceptor<P>>],
    pub(super) guards: &'a [&'static dyn Source<dyn Guard<P>>],
    pub(super) pipes: &'a [&'static dyn Source<dyn Pipe<P>>],
    pub(super) filters: &'a [&'static dyn Source<dyn ExceptionFilter<P>>],
}

impl<P: Protocol> Chain<P> {
    /// The chain of a handler: within the global enhancers those of `levels`,
    /// the outermost first.
    ///
    /// # Errors
    ///
    /// The key of an enhancer that `home` does not provide.
    pub fn bind(
        global: &GlobalEnhancers<P>,
        levels: &[Level<'_, P>],
        home: Option<&Home>,
    ) -> Result<Self, Key> {
        let of_levels = || levels.iter();
        let mut interceptors = held(
            &global.interceptors,
            of_levels().map(|level| level.interceptors),
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
            guards: held(&global.guards, of_levels().map(|level| level.guards), home)?,
            pipes: held(&global.pipes, of_levels().map(|level| level.pipes), home)?,
            filters: held(
                &global.filters,
                of_levels().map(|level| level.filters),
                home,
            )?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.interceptors.is_empty()
            && self.guards.is_empty()
            && self.pipes.is_empty()
            && self.filters.is_empty()
    }

    /// Whether some of it is made for each message.
    pub fn is_of_request(&self) -> bool {
        self.interceptors.iter().any(Held::is_of_request)
            || self.guards.iter().any(Held::is_of_request)
            || self.pipes.iter().any(Held::is_of_request)
            || self.filters.iter().any(Held::is_of_request)
    }

    /// Whether anything answers for errors.
    pub fn has_filters(&self) -> bool {
        !self.filters.is_empty()
    }

    /// Takes a call through the chain to the handler, and its answer back.
    /// An error has not been through the filters yet.
    ///
    /// # Errors
    ///
    /// What went wrong on the way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler where it stands.
    pub fn run<'a>(
        &'a self,
        call: P::Call,
        handler: Pin<&'a mut (dyn Callee<P> + 'a)>,
    ) -> impl Future<Output = Result<P::Answer, P::Error>> + Send + 'a {
        let next = Next {
            chain: self,
            at: 0,
            handler,
        };
        next.run(call)
    }

    /// What the first filter that is for `error` makes of it.
    ///
    /// # Errors
    ///
    /// What is answered instead of `error`, or that.
    pub async fn catch(
        &self,
        error: P::Error,
        ctx: &P::Ctx,
        home: Option<&Home>,
    ) -> Result<P::Answer, P::Error> {
        for filter in self.filters.iter().rev() {
            let filter = filter.get(home).await?;
            if filter.catches(&error) {
                return P::flat(filter.catch(error, ctx).await);
            }
        }
        Err(error)
    }

    // Most enhancers are there already. What makes the others is large, and stays
    // out of the futures of those.
    async fn guard(&self, call: &P::Call) -> Result<(), P::Error> {
        for guard in &self.guards {
            match guard {
                Held::Ready(guard) => guard.can_activate(call).await?,
                held => {
                    Box::pin(async move {
                        let guard = held.get(P::home(call)).await?;
                        guard.can_activate(call).await
                    })
                    .await?
                }
            }
        }
        Ok(())
    }

    async fn transform(&self, call: &mut P::Call) -> Result<(), P::Error> {
        let mut payload = None;
        for pipe in &self.pipes {
            let made;
            let pipe: &dyn Pipe<P> = match pipe {
                Held::Ready(pipe) => &**pipe,
                held => {
                    made = Box::pin(held.get(P::home(call))).await?;
                    &*made
                }
            };
            if pipe.validates() {
                P::validate(call);
                continue;
            }
            if payload.is_none() {
                payload = P::take_payload(call).await?;
            }
            match payload.take() {
                Some(taken) => payload = Some(pipe.transform(taken, call).await?),
                None => return Ok(()),
            }
        }
        if let Some(payload) = payload {
            P::set_payload(call, payload);
        }
        Ok(())
    }
}

/// What an interceptor wraps: the interceptors after it, the pipes, the
/// handler. See [`Interceptor`] for an example.
#[must_use = "the handler does not run unless `next` does"]
pub struct Next<'a, P: Protocol = Messages> {
    chain: &'a Chain<P>,
    /// Which interceptor is next; before the first that is not around them the guards
    /// are.
    at: usize,
    handler: Pin<&'a mut (dyn Callee<P> + 'a)>,
}

impl<'a, P: Protocol> Next<'a, P> {
    /// Takes the call on to the handler.
    ///
    /// # Errors
    ///
    /// What went wrong there, or on the way.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler where it stands.
    // What an `async fn` takes is copied once more.
    #[allow(clippy::manual_async_fn)]
    pub fn run(
        self,
        mut call: P::Call,
    ) -> impl Future<Output = Result<P::Answer, P::Error>> + Send + use<'a, P> {
        async move {
            let Self { chain, at, handler } = self;
            if at == chain.around_guards {
                chain.guard(&call).await?;
            }
            let Some(interceptor) = chain.interceptors.get(at) else {
                chain.transform(&mut call).await?;
                return Called::new(handler, call).await;
            };
            let next = Next {
                chain,
                at: at + 1,
                handler,
            };
            match interceptor {
                Held::Ready(interceptor) => interceptor.intercept(call, next).await,
                held => {
                    Box::pin(async move {
                        let interceptor = held.get(P::home(&call)).await?;
                        interceptor.intercept(call, next).await
                    })
                    .await
                }
            }
        }
    }
}

impl<P: Protocol> fmt::Debug for Next<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for Chain<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").finish_non_exhaustive()
    }
}

impl<P: Protocol> fmt::Debug for Level<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Level").finish_non_exhaustive()
    }
}

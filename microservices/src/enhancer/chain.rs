//! The enhancers of one handler, and how a message goes through them.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, TransportError};
use nestrs_di::Key;

use super::{
    Enhancers, ExceptionFilter, GlobalEnhancers, Guard, Interceptor, ModuleEnhancers, Pipe, Source,
};
use crate::ctx::Ctx;
use crate::incoming::{Home, Incoming, internal};

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

/// An enhancer that is there, or one that is made for each message.
enum Held<E: ?Sized + 'static> {
    Ready(Arc<E>),
    OfRequest(&'static dyn Source<E>),
}

fn held<E: ?Sized>(
    global: &[Arc<E>],
    levels: [&[&'static dyn Source<E>]; 3],
    home: Option<&Home>,
) -> Result<Vec<Held<E>>, Key> {
    let global = global
        .iter()
        .map(|enhancer| Ok(Held::Ready(enhancer.clone())));
    let listed = levels.into_iter().flatten();
    global
        .chain(listed.map(|source| Held::bind(*source, home)))
        .collect()
}

impl<E: ?Sized> Held<E> {
    fn bind(source: &'static dyn Source<E>, home: Option<&Home>) -> Result<Self, Key> {
        let key = source.key();
        if let Some(Home {
            container, module, ..
        }) = home
        {
            let instance = container.get_in(*module, key);
            if let Some(instance) = instance {
                return source.of_instance(instance).map(Self::Ready).ok_or(key);
            }
            // It is there, and no singleton.
            if source.is_injectable() || container.needs_scope(*module, key) {
                return Ok(Self::OfRequest(source));
            }
        }
        match (source.by_default(), home) {
            (Some(enhancer), _) => Ok(Self::Ready(enhancer)),
            (None, Some(_)) => Err(key),
            // Bound without a container: whoever calls it learns so.
            (None, None) => Ok(Self::OfRequest(source)),
        }
    }

    fn is_of_request(&self) -> bool {
        matches!(self, Self::OfRequest(_))
    }

    async fn get(&self, home: Option<&Home>) -> Result<Got<'_, E>, TransportError> {
        let source = match self {
            Self::Ready(enhancer) => return Ok(Got::Held(enhancer)),
            Self::OfRequest(source) => source,
        };
        let key = source.key();
        let missing = || internal(format!("`{key}` comes from a container, and there is none"));
        let instance = home.ok_or_else(missing)?.instance(key).await?;
        source
            .of_instance(instance)
            .map(Got::Made)
            .ok_or_else(missing)
    }
}

impl Held<dyn Interceptor> {
    fn is_around_guards(&self) -> bool {
        // What is made for each message cannot be asked yet.
        matches!(self, Self::Ready(interceptor) if interceptor.before_guards())
    }
}

/// An enhancer for the time of one message.
enum Got<'a, E: ?Sized> {
    Held(&'a E),
    Made(Arc<E>),
}

impl<E: ?Sized> Deref for Got<'_, E> {
    type Target = E;

    fn deref(&self) -> &E {
        match self {
            Self::Held(enhancer) => enhancer,
            Self::Made(enhancer) => enhancer,
        }
    }
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

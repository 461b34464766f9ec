//! An enhancer in its place, whatever it was made by.

use std::ops::Deref;
use std::sync::Arc;

use nestrs_core::TransportError;
use nestrs_di::{Key, OfRequest};

use super::level::Global;
use super::{Interceptor, Protocol, Source};
use crate::home::{Home, internal};

/// An enhancer that is there, or one that is made for each message.
pub(super) enum Held<E: ?Sized + 'static> {
    Ready(Arc<E>),
    /// By this key of its source's.
    OfRequest(&'static dyn Source<E>, Key),
    /// Bound for the whole application.
    Bound(OfRequest),
}

pub(super) fn held<'a, E: ?Sized + Send + Sync + 'static>(
    global: &[Global<E>],
    levels: impl Iterator<Item = &'a [&'static dyn Source<E>]>,
    home: Option<&Home>,
) -> Result<Vec<Held<E>>, Key> {
    let global = global.iter().map(|enhancer| {
        Ok(match enhancer {
            Global::Ready(enhancer) => Held::Ready(Arc::clone(enhancer)),
            Global::OfRequest(provider) => Held::Bound(*provider),
        })
    });
    let listed = levels.flatten();
    global
        .chain(listed.map(|source| Held::bind(*source, home)))
        .collect()
}

impl<E: ?Sized + Send + Sync + 'static> Held<E> {
    fn bind(source: &'static dyn Source<E>, home: Option<&Home>) -> Result<Self, Key> {
        let mut key = source.key();
        if let Some(Home {
            container, module, ..
        }) = home
        {
            let stand_in = source.stand_in();
            if container.sees(*module, stand_in) {
                key = stand_in;
            }
            let instance = container.get_in(*module, key);
            if let Some(instance) = instance {
                return source.of_instance(instance).map(Self::Ready).ok_or(key);
            }
            // It is there, and no singleton.
            if source.is_injectable() || container.needs_scope(*module, key) {
                return Ok(Self::OfRequest(source, key));
            }
        }
        match (source.by_default(), home) {
            (Some(enhancer), _) => Ok(Self::Ready(enhancer)),
            (None, Some(_)) => Err(key),
            // Bound without a container: whoever calls it learns so.
            (None, None) => Ok(Self::OfRequest(source, key)),
        }
    }

    pub(super) fn is_of_request(&self) -> bool {
        !matches!(self, Self::Ready(_))
    }

    pub(super) async fn get(&self, home: Option<&Home>) -> Result<Got<'_, E>, TransportError> {
        let (source, key) = match self {
            Self::Ready(enhancer) => return Ok(Got::Held(enhancer)),
            Self::OfRequest(source, key) => (source, *key),
            Self::Bound(provider) => return bound(*provider, home).await,
        };
        let missing = || internal(format!("`{key}` comes from a container, and there is none"));
        let instance = home.ok_or_else(missing)?.instance(key).await?;
        source
            .of_instance(instance)
            .map(Got::Made)
            .ok_or_else(missing)
    }
}

async fn bound<'a, E: ?Sized + Send + Sync + 'static>(
    provider: OfRequest,
    home: Option<&Home>,
) -> Result<Got<'a, E>, TransportError> {
    let Some(request) = home.and_then(|home| home.request.as_ref()) else {
        return Err(internal(
            "a request-scoped enhancer without a request".to_owned(),
        ));
    };
    let made = request.get_each(provider).await;
    made.map(Got::Made)
        .map_err(|error| internal(error.to_string()))
}

impl<P: Protocol> Held<dyn Interceptor<P>> {
    pub(super) fn is_around_guards(&self) -> bool {
        // What is made for each message cannot be asked yet.
        matches!(self, Self::Ready(interceptor) if interceptor.before_guards())
    }
}

/// An enhancer for the time of one message.
pub(super) enum Got<'a, E: ?Sized> {
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

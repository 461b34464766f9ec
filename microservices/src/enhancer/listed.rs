//! From a type that is named in an attribute to an instance of it: the
//! container's if it is `#[injectable]`, one made by `Default` if not.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nestrs_di::{Injectable, Instance, Key, ModuleDefinition};

use super::{ExceptionFilter, Guard, InPlaceOf, Interceptor, Messages, Pipe, Protocol};

/// The enhancers in the attributes of one method, or of an `impl` block, in the
/// order they are written.
///
/// ```
/// use nestrs_microservices::Enhancers;
/// assert!(<Enhancers>::NONE.guards.is_empty());
/// ```
pub struct Enhancers<P: Protocol = Messages> {
    /// Wrap the call.
    pub interceptors: &'static [&'static dyn Source<dyn Interceptor<P>>],
    /// Run until one refuses.
    pub guards: &'static [&'static dyn Source<dyn Guard<P>>],
    /// Run each on what the one before it made.
    pub pipes: &'static [&'static dyn Source<dyn Pipe<P>>],
    /// Answer for errors.
    pub filters: &'static [&'static dyn Source<dyn ExceptionFilter<P>>],
}

impl<P: Protocol> Clone for Enhancers<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Protocol> Copy for Enhancers<P> {}

impl<P: Protocol> fmt::Debug for Enhancers<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enhancers")
            .field("interceptors", &self.interceptors)
            .field("guards", &self.guards)
            .field("pipes", &self.pipes)
            .field("filters", &self.filters)
            .finish()
    }
}

impl<P: Protocol> Enhancers<P> {
    /// None of any kind.
    pub const NONE: Self = Self {
        interceptors: &[],
        guards: &[],
        pipes: &[],
        filters: &[],
    };

    /// The same module with those of its enhancers that are `#[injectable]`
    /// among its providers, and the others mentioned.
    #[doc(hidden)]
    pub fn provide(self, mut module: ModuleDefinition) -> ModuleDefinition {
        for source in self.interceptors {
            module = source.provide(module);
        }
        for source in self.guards {
            module = source.provide(module);
        }
        for source in self.pipes {
            module = source.provide(module);
        }
        for source in self.filters {
            module = source.provide(module);
        }
        module
    }
}

impl<P: Protocol> Enhancers<P> {
    /// Those that are neither `#[injectable]` nor made by `Default`: someone
    /// has to provide them.
    pub(crate) fn not_made(self) -> Vec<Key> {
        let interceptors = self
            .interceptors
            .iter()
            .filter_map(|source| not_made(*source));
        let guards = self.guards.iter().filter_map(|source| not_made(*source));
        let pipes = self.pipes.iter().filter_map(|source| not_made(*source));
        let filters = self.filters.iter().filter_map(|source| not_made(*source));
        interceptors
            .chain(guards)
            .chain(pipes)
            .chain(filters)
            .collect()
    }
}

fn not_made<E: ?Sized>(source: &dyn Source<E>) -> Option<Key> {
    (!source.is_injectable() && !source.has_default()).then(|| source.key())
}

/// Where an enhancer `E`, such as `dyn Guard`, comes from.
pub trait Source<E: ?Sized>: Send + Sync {
    /// What the container is asked for.
    fn key(&self) -> Key;
    /// What the container is asked for first: what a test put in its place.
    fn stand_in(&self) -> Key;
    /// Whether the container makes it.
    fn is_injectable(&self) -> bool;
    /// Whether it is made by `Default` where the container has none.
    fn has_default(&self) -> bool;
    /// The container's instance, of either key.
    fn of_instance(&self, instance: Instance) -> Option<Arc<E>>;
    /// One made by `Default`.
    fn by_default(&self) -> Option<Arc<E>>;
    /// The module with the enhancer among its providers.
    fn provide(&self, module: ModuleDefinition) -> ModuleDefinition;
}

impl<E: ?Sized> fmt::Debug for dyn Source<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key().fmt(f)
    }
}

/// A type in an attribute, and what is known of it.
pub struct Listed<G> {
    /// Makes one.
    pub default: Option<fn() -> G>,
    /// Lists it in a module.
    pub provide: Option<fn(ModuleDefinition) -> ModuleDefinition>,
}

/// Finds out how a `G` is made: these constants hide those of [`NotMade`]
/// where they exist.
pub struct Made<G>(PhantomData<G>);

impl<G: Default> Made<G> {
    /// By `Default`.
    pub const DEFAULT: Option<fn() -> G> = Some(G::default);
}

impl<G: Injectable> Made<G> {
    /// By the container.
    pub const PROVIDE: Option<fn(ModuleDefinition) -> ModuleDefinition> =
        Some(|module| module.provide_type_once::<G>());
}

/// See [`Made`].
pub trait NotMade<G> {
    /// Not by `Default`.
    const DEFAULT: Option<fn() -> G> = None;
    /// Not by the container.
    const PROVIDE: Option<fn(ModuleDefinition) -> ModuleDefinition> = None;
}

impl<G> NotMade<G> for Made<G> {}

macro_rules! sources {
    ($($trait:ident)*) => {$(
        impl<P: Protocol, G: $trait<P>> Source<dyn $trait<P>> for Listed<G> {
            fn key(&self) -> Key {
                Key::of::<G>()
            }

            fn stand_in(&self) -> Key {
                Key::of::<InPlaceOf<G, dyn $trait<P>>>()
            }

            fn is_injectable(&self) -> bool {
                self.provide.is_some()
            }

            fn has_default(&self) -> bool {
                self.default.is_some()
            }

            fn of_instance(&self, instance: Instance) -> Option<Arc<dyn $trait<P>>> {
                match instance.downcast::<G>() {
                    Ok(enhancer) => Some(enhancer),
                    Err(other) => InPlaceOf::<G, dyn $trait<P>>::of_instance(other),
                }
            }

            fn by_default(&self) -> Option<Arc<dyn $trait<P>>> {
                Some(Arc::new(self.default?()))
            }

            fn provide(&self, module: ModuleDefinition) -> ModuleDefinition {
                match self.provide {
                    Some(provide) => provide(module),
                    None => module.mention(Key::of::<G>()),
                }
            }
        }
    )*};
}

sources!(Interceptor Guard Pipe ExceptionFilter);

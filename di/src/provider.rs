//! What a module lists.

use std::borrow::Cow;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use crate::handle::Handle;
use crate::hooks::Hooks;
use crate::injectable::{Build, Descriptor, Injectable};
use crate::key::Key;

/// One entry of a module's `providers`.
///
/// ```
/// use nestrs_di::{Graph, Provider, module};
///
/// struct Port(u16);
///
/// #[module(providers = [Provider::value(Port(3000))])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(container.get::<Port>().unwrap().0, 3000);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Provider {
    recipe: Recipe,
    listed: &'static Location<'static>,
}

/// Described at compile time, or put together at run time.
#[derive(Clone, Debug)]
enum Recipe {
    Described(&'static Descriptor),
    Made(Arc<Descriptor>),
}

impl Provider {
    /// Built by the container as `#[injectable]` describes it.
    #[track_caller]
    pub fn of<T: Injectable>() -> Self {
        Self {
            recipe: Recipe::Described(T::DESCRIPTOR),
            listed: Location::caller(),
        }
    }

    /// An instance that is there already.
    #[track_caller]
    pub fn value<T: Send + Sync + 'static>(value: T) -> Self {
        Self::made(Key::of::<T>(), Build::Ready(Handle::new(value)))
    }

    /// An instance that others hold too.
    ///
    /// ```
    /// use nestrs_di::Provider;
    /// use std::sync::Arc;
    ///
    /// let clock = Arc::new(std::time::Instant::now());
    /// let provider = Provider::shared(Arc::clone(&clock));
    /// ```
    #[track_caller]
    pub fn shared<T: Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self::made(Key::of::<T>(), Build::Ready(Handle::shared(value)))
    }

    #[track_caller]
    fn made(key: Key, build: Build) -> Self {
        let at = Location::caller();
        let descriptor = Descriptor {
            key,
            at,
            in_root: false,
            dependencies: Cow::Borrowed(&[]),
            build,
            hooks: Hooks::NONE,
        };
        Self {
            recipe: Recipe::Made(Arc::new(descriptor)),
            listed: at,
        }
    }

    pub(crate) fn described(descriptor: &'static Descriptor) -> Self {
        Self {
            recipe: Recipe::Described(descriptor),
            listed: descriptor.at,
        }
    }

    /// Where a module lists it.
    pub(crate) fn listed(&self) -> &'static Location<'static> {
        self.listed
    }
}

impl Deref for Provider {
    type Target = Descriptor;

    fn deref(&self) -> &Descriptor {
        match &self.recipe {
            Recipe::Described(descriptor) => descriptor,
            Recipe::Made(descriptor) => descriptor,
        }
    }
}

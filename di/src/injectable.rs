//! What `#[injectable]` leaves behind about a type.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use crate::build::Build;
use crate::hooks::Hooks;
use crate::inject::Dependency;
use crate::key::Key;
use crate::scope::Scope;

/// A type the container can build. Implemented by [`#[injectable]`](macro@crate::injectable).
///
/// ```
/// use nestrs_di::{Injectable, injectable};
///
/// #[injectable]
/// struct Clock;
///
/// assert!(Clock::DESCRIPTOR.key.type_name().ends_with("Clock"));
/// ```
#[diagnostic::on_unimplemented(
    message = "the container does not know how to build `{Self}`",
    label = "not `#[injectable]`",
    note = "put `#[injectable]` on `{Self}`, or provide an instance: `Provider::value(…)`"
)]
pub trait Injectable: Send + Sync + Sized + 'static {
    /// The type's description: constant data and a build function.
    const DESCRIPTOR: &'static Descriptor;
}

/// Everything the container knows about a provider before it is built.
///
/// ```
/// use nestrs_di::{Injectable, injectable};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Clock;
///
/// #[injectable]
/// struct Report { clock: Arc<Clock> }
///
/// let descriptor = Report::DESCRIPTOR;
/// assert!(descriptor.at.file().ends_with(".rs"));
/// assert!(!descriptor.in_root);
/// ```
// In this order: what is looked at first lies together.
#[derive(Clone)]
#[repr(C)]
pub struct Descriptor {
    #[doc(hidden)]
    pub dependencies: Cow<'static, [Dependency]>,
    /// What it is asked for by.
    pub key: Key,
    #[doc(hidden)]
    pub build: Build,
    /// The traits it is provided as too.
    #[doc(hidden)]
    pub views: &'static [&'static Descriptor],
    /// Whether it shows another provider as something else.
    #[doc(hidden)]
    pub view: bool,
    /// Whether every application has it without listing it.
    pub in_root: bool,
    /// How many instances there are.
    pub scope: Scope,
    /// Where it is written.
    pub at: &'static Location<'static>,
    #[doc(hidden)]
    pub hooks: Hooks,
    #[doc(hidden)]
    pub metadata: &'static [&'static (dyn Any + Send + Sync)],
}

impl Descriptor {
    /// A descriptor of what has no dependencies and nothing special.
    pub(crate) const fn plain(key: Key, at: &'static Location<'static>, build: Build) -> Self {
        Self {
            key,
            at,
            scope: Scope::Singleton,
            in_root: false,
            dependencies: Cow::Borrowed(&[]),
            build,
            hooks: Hooks::NONE,
            views: &[],
            view: false,
            metadata: &[],
        }
    }

    /// A descriptor of what every application has, and is handed for the time of
    /// a request.
    #[doc(hidden)]
    #[track_caller]
    pub const fn supplied(key: Key) -> Self {
        let mut descriptor = Self::plain(key, Location::caller(), Build::Supplied);
        descriptor.scope = Scope::Request;
        descriptor.in_root = true;
        descriptor
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("key", &self.key)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// A descriptor that `#[injectable]` announces at link time, for hints. By a function, or this would be the first to refer to it: see
/// [`Construct`](crate::build::Construct).
pub struct Registered(pub fn() -> &'static Descriptor);

/// One that is `provided_in = "root"`. A list of their own, because every application goes through it.
pub struct InRoot(pub &'static Descriptor);

inventory::collect!(Registered);
inventory::collect!(InRoot);

impl Registered {
    pub(crate) fn all() -> impl Iterator<Item = &'static Descriptor> {
        inventory::iter::<Self>
            .into_iter()
            .map(|registered| registered.0())
    }
}

impl InRoot {
    /// In an order that does not depend on the linker's.
    pub(crate) fn all() -> Vec<&'static Descriptor> {
        let mut all: Vec<_> = inventory::iter::<Self>
            .into_iter()
            .map(|registered| registered.0)
            .collect();
        all.sort_by_key(|Descriptor { at, .. }| (at.file(), at.line(), at.column()));
        all
    }
}

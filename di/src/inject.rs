//! How a field's type says what it wants, and how it gets it.

use std::panic::Location;
use std::sync::{Arc, OnceLock};

use crate::failure::Cause;
use crate::graph::Edge;
use crate::handle::Handle;
use crate::key::Key;

/// What a field or a constructor's parameter can be: its type decides what is injected.
///
/// | type | what it gets |
/// |---|---|
/// | `Arc<T>` | the provider of `T`; a graph without one is rejected |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "not something the container can hand out",
    note = "write `Arc<T>` for a provider of `T`"
)]
pub trait Inject: Sized + Send {
    /// What is asked for.
    const REQUEST: Request;

    /// Takes it from what the container resolved for this request.
    ///
    /// # Errors
    /// Only if called out of step with the requests its provider declared.
    #[doc(hidden)]
    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause>;
}

/// What one field asks the container for.
///
/// ```
/// use nestrs_di::{Inject, Key};
/// use std::sync::Arc;
/// assert_eq!(<Arc<String> as Inject>::REQUEST.key, Key::of::<String>());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The provider wanted.
    pub key: Key,
    /// How many of it.
    pub arity: Arity,
}

/// How many providers a [`Request`] takes.
///
/// ```
/// use nestrs_di::{Arity, Inject};
/// use std::sync::Arc;
/// assert_eq!(<Arc<String> as Inject>::REQUEST.arity, Arity::One);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arity {
    /// Exactly one; it is an error if there is none.
    One,
}

impl Request {
    /// One provider of `key`.
    pub const fn one(key: Key) -> Self {
        Self {
            key,
            arity: Arity::One,
        }
    }

    /// The same request for a named provider.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            key: self.key.named(name),
            ..self
        }
    }
}

/// A [`Request`] and the place in the user's source that makes it.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// What is asked for.
    pub request: Request,
    /// As written: `repo: Arc<UsersRepo>`.
    pub written: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

/// The dependencies of one provider, resolved, handed out in the order they were declared.
pub struct Resolved<'a> {
    slots: &'a [OnceLock<Handle>],
    edges: &'a [Edge],
    dependency: u32,
}

impl<'a> Resolved<'a> {
    pub(crate) fn new(slots: &'a [OnceLock<Handle>], edges: &'a [Edge]) -> Self {
        Self {
            slots,
            edges,
            dependency: 0,
        }
    }

    /// The handles the next dependency was resolved to.
    fn next(&mut self) -> impl Iterator<Item = &'a Handle> + use<'a> {
        let count = self
            .edges
            .iter()
            .take_while(|edge| edge.dependency == self.dependency)
            .count();
        let (edges, rest) = self.edges.split_at(count);
        self.edges = rest;
        self.dependency += 1;
        let slots = self.slots;
        edges
            .iter()
            .filter_map(|edge| slots.get(edge.target.index())?.get())
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Arc<T> {
    const REQUEST: Request = Request::one(Key::of::<T>());

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        from.next()
            .next()
            .and_then(Handle::get)
            .ok_or_else(|| Cause::Unresolved(Self::REQUEST.key))
    }
}

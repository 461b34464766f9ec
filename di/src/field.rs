//! How a field or a constructor's parameter is filled.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::failure::Cause;
use crate::handle::Instance;
use crate::inject::Inject;
use crate::key::Key;
use crate::resolved::Resolved;

/// A field of type `T`, asked of the compiler: `Field::<Arc<Clock>>::take` is the short way, any other the one of [`AnyField`].
///
/// Either is told the type once more, `take::<Arc<Clock>>`: where a field of it cannot be injected, that is what the compiler points at,
/// which it has done before, and so says it once.
pub struct Field<T>(PhantomData<T>);

impl<T: Any + Send + Sync> Field<Arc<T>> {
    /// Asks the instance alone for its type, which takes a type that has a size. Of all that an application does when it starts, this is
    /// done most often, each time by code that is not in the cache: it is short, and what it returns fits into registers.
    ///
    /// # Errors
    /// As [`Inject::inject`].
    #[inline]
    pub fn take<AsWritten>(from: &mut Resolved<'_>) -> Result<Arc<T>, Unresolved> {
        let other = match from.instance().map(Instance::downcast) {
            Some(Ok(instance)) => return Ok(instance),
            Some(Err(other)) => Some(other),
            None => None,
        };
        Err(Unresolved::new(&const { Key::of::<T>() }, other))
    }
}

/// Called out of step with what its provider declares.
pub struct Unresolved(&'static Key);

impl Unresolved {
    /// Drops what was there instead, here, where it is in nobody's way.
    #[cold]
    fn new(key: &'static Key, _instead: Option<Instance>) -> Self {
        Self(key)
    }
}

impl From<Unresolved> for Cause {
    #[cold]
    fn from(Unresolved(key): Unresolved) -> Self {
        Self::unresolved(key)
    }
}

/// Hides behind [`Field`]'s own function where that exists.
pub trait AnyField {
    /// As the type says.
    ///
    /// # Errors
    /// As [`Inject::inject`].
    fn take<T: Inject>(from: &mut Resolved<'_>) -> Result<T, Cause> {
        T::inject(from)
    }
}

impl<T> AnyField for Field<T> {}

//! How a field or a constructor's parameter is filled.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::failure::Cause;
use crate::inject::Inject;
use crate::key::Key;
use crate::resolved::Resolved;

/// A field of type `T`, asked of the compiler: `Field::<Arc<Clock>>::take` is the short way, any other the one of [`AnyField`].
pub struct Field<T>(PhantomData<T>);

impl<T: Any + Send + Sync> Field<Arc<T>> {
    /// Asks the instance alone for its type, which takes a type that has a size. Of all that an application does when it starts, this is
    /// done most often, each time by code that is not in the cache.
    ///
    /// # Errors
    /// As [`Inject::inject`].
    pub fn take(from: &mut Resolved<'_>) -> Result<Arc<T>, Cause> {
        let instance = from.instance().and_then(|it| it.downcast().ok());
        instance.ok_or_else(|| Cause::unresolved(&const { Key::of::<T>() }))
    }
}

/// Hides behind [`Field`]'s own function where that exists.
pub trait AnyField<T> {
    /// As the type says.
    ///
    /// # Errors
    /// As [`Inject::inject`].
    fn take(from: &mut Resolved<'_>) -> Result<T, Cause>
    where
        T: Inject,
    {
        T::inject(from)
    }
}

impl<T> AnyField<T> for Field<T> {}

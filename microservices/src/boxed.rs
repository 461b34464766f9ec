//! Futures that are made where they stay.

use std::future::Future;
use std::mem::MaybeUninit;

use nestrs_core::dispatch::BoxFuture;

/// `Box::pin(future)`, as `boxed(Box::new_uninit(), future)`: there is a place for
/// it before it is made, so the compiler need not copy it there. Most of a future
/// is room for later.
#[inline(always)]
pub fn boxed<'a, T, F: Future<Output = T> + Send + 'a>(
    place: Box<MaybeUninit<F>>,
    future: F,
) -> BoxFuture<'a, T> {
    let future: Box<F> = Box::write(place, future);
    Box::into_pin(future)
}

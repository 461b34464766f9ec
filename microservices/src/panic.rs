//! Panics of users' code end here: they are an error of one message, not of
//! the server.

use std::any::Any;
use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;
use futures_util::future::Either;

/// Runs the work that `start` begins to its end or to its panic, of which it
/// gives the message.
pub fn contain<T, F: Future<Output = T>>(
    start: impl FnOnce() -> F,
) -> impl Future<Output = Result<T, String>> {
    // What the panic may have left half done is the handler's own state, as it
    // is with `tokio::spawn`.
    match catch_unwind(AssertUnwindSafe(start)) {
        Ok(work) => {
            let outcome = AssertUnwindSafe(work).catch_unwind();
            Either::Left(outcome.map(|outcome| outcome.map_err(|panic| message_of(&*panic))))
        }
        Err(panic) => Either::Right(ready(Err(message_of(&*panic)))),
    }
}

/// What a panic says.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    }
}

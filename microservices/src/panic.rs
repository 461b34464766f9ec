//! Panics of users' code end here: they are an error of one message, not of
//! the server.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Runs `work` to its end or to its panic, of which it gives the message.
pub async fn contain<T>(work: impl Future<Output = T>) -> Result<T, String> {
    // What the panic may have left half done is the handler's own state, as it
    // is with `tokio::spawn`.
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.map_err(|panic| message_of(&*panic))
}

/// What a panic says.
pub(crate) fn message_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (_, Some(text)) => text.clone(),
        _ => "a panic without a message".to_owned(),
    }
}

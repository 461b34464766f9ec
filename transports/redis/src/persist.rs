//! Connecting again and again, and saying so once.

use nestrs_core::backoff::Backoff;

use crate::broker::Broker;
use crate::failure::Failure;

/// Attempts to connect until one succeeds, or until `goes_on` says of a failure
/// that there is no use. Between attempts it waits, longer and longer.
///
/// # Cancel safety
///
/// That of `attempt`.
pub(crate) async fn persist<T, A>(
    broker: &Broker,
    mut attempt: impl FnMut() -> A,
    mut goes_on: impl FnMut(&Failure) -> bool,
) -> Result<T, Failure>
where
    A: Future<Output = Result<T, Failure>>,
{
    let mut backoff = Backoff::default();
    let mut has_failed = false;
    loop {
        let failure = match attempt().await {
            Ok(connected) => {
                if has_failed {
                    tracing::info!(redis = %broker, "connected");
                }
                return Ok(connected);
            }
            Err(failure) => failure,
        };
        if !goes_on(&failure) {
            return Err(failure);
        }
        if !has_failed {
            tracing::warn!(redis = %broker, "cannot connect, trying again and again: {failure}");
        }
        has_failed = true;
        backoff.wait().await;
    }
}

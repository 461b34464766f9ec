//! [`Cancellation`]: that an answer is not wanted any more.
//!
//! Back to the path of a message: [`crate::context`].

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Says once, to all its clones, that an answer is not wanted any more. The
/// default one never does.
///
/// ```
/// use nestrs_core::Cancellation;
///
/// let cancellation = Cancellation::new();
/// let seen_by_the_handler = cancellation.clone();
/// cancellation.cancel();
/// assert!(seen_by_the_handler.is_cancelled());
/// assert!(!Cancellation::default().is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Option<Arc<Flag>>);

/// A `CancellationToken` locks when it is cloned and when it is dropped, which
/// is dear where every message has one.
#[derive(Debug, Default)]
struct Flag {
    is_up: AtomicBool,
    raised: Notify,
}

impl Cancellation {
    /// One that can be cancelled.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Says it. To the default one there is nobody to say it.
    pub fn cancel(&self) {
        if let Some(flag) = &self.0 {
            flag.is_up.store(true, Ordering::Release);
            flag.raised.notify_waiters();
        }
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|flag| flag.is_up.load(Ordering::Acquire))
    }

    /// Waits until it is said, for ever if it never is.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        let Some(flag) = &self.0 else {
            return pending().await;
        };
        // It hears of a cancel from here on, polled or not.
        let raised = flag.raised.notified();
        if !self.is_cancelled() {
            raised.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_of_a_cancel() {
        let cancellation = Cancellation::new();
        let waiting = tokio::spawn({
            let cancellation = cancellation.clone();
            async move { cancellation.cancelled().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        cancellation.cancel();
        waiting.await.unwrap();
        cancellation.cancelled().await;
    }
}

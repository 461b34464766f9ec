//! Stopping in three steps: *stop* taking in, *drain* what is in hand, and
//! *abort* what is left when the grace period is over. The host that owns the
//! servers triggers them; servers watch.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Tells servers to stop and, later, to give up. Clones are the same one.
///
/// ```
/// use nestrs_core::Shutdown;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let shutdown = Shutdown::new();
/// shutdown.stop();
/// shutdown.stopping().await; // returns at once
/// assert!(shutdown.is_stopping());
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Shutdown(Arc<Tokens>);

/// Each message in hand has one: a `CancellationToken` of its own would be locked
/// for it when it comes and when it goes.
#[derive(Debug, Default)]
struct Tokens {
    stop: CancellationToken,
    abort: CancellationToken,
}

impl Shutdown {
    /// One that has not been triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on no message is taken in; those in hand are finished.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }

    /// From now on nothing is finished any more: what is in hand is dropped.
    pub fn abort(&self) {
        self.0.stop.cancel();
        self.0.abort.cancel();
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopping(&self) -> bool {
        self.0.stop.is_cancelled()
    }

    /// Waits for [`stop`](Self::stop).
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn stopping(&self) {
        self.0.stop.cancelled().await;
    }

    /// Waits for [`abort`](Self::abort).
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn aborting(&self) {
        self.0.abort.cancelled().await;
    }
}

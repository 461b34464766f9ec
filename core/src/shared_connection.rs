//! [`SharedConnection`]: one connection for all calls of a client, made by the
//! first of them and made again by the next after it broke.
//!
//! Back to the path of a message: [`crate::client`].

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::error::{ErrorKind, TransportError};
use crate::status::{ClientStatus, StatusSource, StatusStream};

/// A connection that may have ended.
pub trait Connection: Send + Sync + 'static {
    /// Whether something can still be sent over it.
    fn is_open(&self) -> bool;
}

/// The one connection there is, or none yet, or none any more.
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use nestrs_core::shared_connection::{Connection, SharedConnection};
///
/// struct Wire;
///
/// impl Connection for Wire {
///     fn is_open(&self) -> bool {
///         true
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let shared = SharedConnection::new("127.0.0.1:3001", Duration::from_secs(3));
/// let first = shared.get(|| async { Ok(Arc::new(Wire)) }).await?;
/// let second = shared.get(|| async { unreachable!("there is one") }).await?;
/// assert!(Arc::ptr_eq(&first, &second));
/// # Ok(())
/// # }
/// ```
pub struct SharedConnection<C> {
    /// What it is made to, for errors.
    address: String,
    connect_timeout: Duration,
    current: Mutex<Option<Arc<C>>>,
    /// Held by the one call that connects for all of them.
    connecting: tokio::sync::Mutex<Retry>,
    last_failure: Mutex<Option<String>>,
    status: StatusSource,
}

/// When the next attempt may be made.
#[derive(Default)]
struct Retry {
    not_before: Option<Instant>,
    backoff: Backoff,
}

impl Retry {
    async fn wait(&self) {
        if let Some(not_before) = self.not_before {
            tokio::time::sleep_until(not_before).await;
        }
    }

    fn failed(&mut self) {
        self.not_before = Some(Instant::now() + self.backoff.next_delay());
    }
}

impl<C: Connection> SharedConnection<C> {
    /// None yet. A call waits `connect_timeout` for it, and fails with an error
    /// that names the `address`.
    pub fn new(address: impl Into<String>, connect_timeout: Duration) -> Self {
        Self {
            address: address.into(),
            connect_timeout,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            last_failure: Mutex::default(),
            status: StatusSource::default(),
        }
    }

    /// The connection there is.
    pub fn current(&self) -> Option<Arc<C>> {
        let current = lock(&self.current).clone();
        current.filter(|connection| connection.is_open())
    }

    /// The connection there is, or the one that `open` makes: as many times as
    /// it takes, one at a time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`] after the time a call waits, or at once when `open`
    /// fails with [`InvalidInput`](io::ErrorKind::InvalidInput): trying again
    /// would not help.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn get<F>(&self, open: impl Fn() -> F) -> Result<Arc<C>, TransportError>
    where
        F: Future<Output = io::Result<Arc<C>>>,
    {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let limit = self.connect_timeout;
        let connected = tokio::time::timeout(limit, self.connect(open)).await;
        connected.unwrap_or_else(|_| {
            let why = lock(&self.last_failure).clone();
            let why = why.unwrap_or_else(|| "no answer".to_owned());
            Err(self.failed(&format!(" within {limit:?}: {why}")))
        })
    }

    async fn connect<F>(&self, open: impl Fn() -> F) -> Result<Arc<C>, TransportError>
    where
        F: Future<Output = io::Result<Arc<C>>>,
    {
        let mut retry = self.connecting.lock().await;
        loop {
            // Another call may have connected while this one waited.
            if let Some(connection) = self.current() {
                return Ok(connection);
            }
            if lock(&self.current).is_some() {
                self.status.set(ClientStatus::Reconnecting);
            }
            retry.wait().await;
            match open().await {
                Ok(connection) => {
                    *retry = Retry::default();
                    self.connected(connection.clone());
                    return Ok(connection);
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                    return Err(self.failed(&format!(": {error}")));
                }
                Err(error) => {
                    tracing::debug!(address = %self.address, %error, "cannot connect");
                    *lock(&self.last_failure) = Some(error.to_string());
                    retry.failed();
                }
            }
        }
    }

    fn failed(&self, why: &str) -> TransportError {
        self.status.set(ClientStatus::Disconnected);
        let message = format!("cannot connect to {}{why}", self.address);
        TransportError::of_kind(ErrorKind::Connect, message)
    }

    fn connected(&self, connection: Arc<C>) {
        let mut current = lock(&self.current);
        // Its tasks run already, and may have ended it.
        self.status.set(match connection.is_open() {
            true => ClientStatus::Connected,
            false => ClientStatus::Disconnected,
        });
        *current = Some(connection);
    }

    /// To be called after a connection ended.
    pub fn disconnected(&self, connection: &C) {
        let current = lock(&self.current);
        // Another one may be in its place by now.
        if current
            .as_deref()
            .is_some_and(|now| std::ptr::eq(now, connection))
        {
            self.status.set(ClientStatus::Disconnected);
        }
    }

    /// What the connection is doing, now and from now on.
    pub fn status(&self) -> StatusStream {
        self.status.watch()
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Connection> fmt::Debug for SharedConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConnection")
            .field("address", &self.address)
            .field("connected", &self.current().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    #[derive(Debug, Default)]
    struct Wire(AtomicBool);

    impl Connection for Wire {
        fn is_open(&self) -> bool {
            !self.0.load(Ordering::SeqCst)
        }
    }

    fn shared() -> SharedConnection<Wire> {
        SharedConnection::new("nowhere:1", Duration::from_secs(3))
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_connects_for_all_and_again_after_it_broke() {
        let (shared, opened) = (shared(), AtomicUsize::new(0));
        let open = || async {
            tokio::task::yield_now().await;
            // Every other attempt fails.
            match opened.fetch_add(1, Ordering::SeqCst) % 2 {
                0 => Err(io::Error::other("not yet")),
                _ => Ok(Arc::new(Wire::default())),
            }
        };
        let (a, b) = tokio::join!(shared.get(open), shared.get(open));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!(Arc::ptr_eq(&a, &b));
        assert_eq!(opened.load(Ordering::SeqCst), 2);

        let mut status = shared.status();
        assert_eq!(status.next().await, Some(ClientStatus::Connected));
        a.0.store(true, Ordering::SeqCst);
        shared.disconnected(&a);
        assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
        assert!(!Arc::ptr_eq(&a, &shared.get(open).await.unwrap()));
        assert_eq!(status.next().await, Some(ClientStatus::Connected));
        // That of a connection that was replaced changes nothing.
        shared.disconnected(&a);
        assert!(shared.current().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_no_longer_than_it_should_and_says_why() {
        let shared = shared();
        let refused = || async { Err(io::ErrorKind::ConnectionRefused.into()) };
        let error = shared.get(refused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert_eq!(
            error.message,
            "cannot connect to nowhere:1 within 3s: connection refused"
        );
        let start = Instant::now();
        let invalid = || async { Err(io::Error::new(io::ErrorKind::InvalidInput, "no PEM")) };
        let error = shared.get(invalid).await.unwrap_err();
        assert_eq!(error.message, "cannot connect to nowhere:1: no PEM");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}

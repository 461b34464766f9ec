//! A connection to the broker, which the driver makes again when it is lost,
//! and what is known of it meanwhile.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::rustls;
use async_nats::{Client, ConnectError, ConnectErrorKind, Event, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use nestrs_core::StartError;
use nestrs_core::backoff::Backoff;
use nestrs_core::{ErrorKind, TransportError};
use tokio::sync::{mpsc, watch};

use crate::NatsBroker;
use crate::outbox::Outbox;

/// How long an echo is waited for before it is taken for lost.
const ECHO: Duration = Duration::from_secs(1);
/// How often a connection that was closed while its broker was away looks
/// whether it can end: the driver knows no other way.
const CLOSED: Duration = Duration::from_secs(60);

/// A connection; once it is there it is made again whenever it is lost, and
/// has its subscriptions again then.
pub(crate) struct Link {
    pub(crate) driver: Client,
    pub(crate) outbox: Outbox,
    state: Arc<State>,
}

/// What happens to a connection, in the order it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    /// It is there again.
    Up,
    /// It was lost.
    Down,
    /// The driver had no room for a message.
    Dropped,
}

pub(crate) type Signs = mpsc::UnboundedReceiver<Sign>;

/// What the last attempt to connect failed of.
pub(crate) type LastFailure = Mutex<Option<String>>;

struct State {
    address: String,
    up: watch::Sender<bool>,
    signs: mpsc::UnboundedSender<Sign>,
    opened: AtomicBool,
    closed: AtomicBool,
    refused: Mutex<Option<String>>,
}

impl Link {
    /// Connects, and tries again until it succeeds or the broker says that it
    /// never will.
    pub(crate) async fn connect(
        broker: &NatsBroker,
        last_failure: &LastFailure,
    ) -> Result<(Self, Signs), StartError> {
        let address = broker.address();
        let mut backoff = Backoff::default();
        let mut is_first = true;
        loop {
            let error = match Self::open(broker).await? {
                Ok(opened) => {
                    if !is_first {
                        tracing::info!(%address, "connected to the broker");
                    }
                    return Ok(opened);
                }
                Err(error) => error,
            };
            let why = explained(&error);
            if is_final(&error) {
                let source = TransportError::of_kind(ErrorKind::Connect, why);
                return Err(StartError::Connect { address, source });
            }
            if is_first {
                tracing::warn!(%address, error = %why, "the broker cannot be reached yet");
            }
            is_first = false;
            *lock(last_failure) = Some(why);
            backoff.wait().await;
        }
    }

    async fn open(broker: &NatsBroker) -> Result<Result<(Self, Signs), ConnectError>, StartError> {
        let resolved = broker.resolve().await?;
        let (signs, signs_to_come) = mpsc::unbounded_channel();
        let state = Arc::new(State {
            address: broker.address(),
            up: watch::Sender::new(true),
            signs,
            opened: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            refused: Mutex::default(),
        });
        let (waits, hears) = (state.clone(), state.clone());
        let backoff = Mutex::new(Backoff::default());
        let options = resolved
            .options
            .reconnect_delay_callback(move |attempt| waits.delay(attempt, &backoff))
            .event_callback(move |event| {
                hears.hear(&event);
                std::future::ready(())
            });
        Ok(options.connect(resolved.servers).await.map(|driver| {
            state.opened.store(true, Ordering::Relaxed);
            let outbox = Outbox::of(driver.clone());
            let link = Self {
                driver,
                outbox,
                state,
            };
            (link, signs_to_come)
        }))
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.state.up.borrow()
    }

    /// Waits until it is there.
    pub(crate) async fn until_up(&self) {
        // The sender is ours.
        let _ = self.state.up.subscribe().wait_for(|up| *up).await;
    }

    /// Waits until it is lost.
    pub(crate) async fn until_down(&self) {
        let _ = self.state.up.subscribe().wait_for(|up| !*up).await;
    }

    /// Waits until the broker has taken in all that was sent to it before.
    /// False when the driver has ended.
    pub(crate) async fn confirm(&self) -> bool {
        match self.echo().await {
            Some(mut echo) => echo.round_trip().await,
            None => false,
        }
    }

    /// A way to the broker and back. `None` when the driver has ended.
    pub(crate) async fn echo(&self) -> Option<Echo> {
        let inbox = self.driver.new_inbox();
        Some(Echo {
            messages: self.driver.subscribe(inbox.clone()).await.ok()?,
            driver: self.driver.clone(),
            inbox: inbox.into(),
        })
    }

    /// What the broker refused last, if it ever did.
    pub(crate) fn refused(&self) -> Option<String> {
        lock(&self.state.refused).clone()
    }

    /// Ends it for good. What was not flushed is lost.
    pub(crate) fn close(&self) {
        self.state.closed.store(true, Ordering::Relaxed);
        self.outbox.close();
        // If that finds no room, the last clone of the driver's client ends it.
        let _ = self.driver.drain().now_or_never();
    }
}

/// Sends messages to itself. Flushing does not say that the broker has got
/// anything; one of these that comes back says that it has, and that all it
/// had to say before was heard.
pub(crate) struct Echo {
    driver: Client,
    inbox: Subject,
    messages: Subscriber,
}

impl Echo {
    /// Waits for a message of its own. False when the driver has ended.
    pub(crate) async fn round_trip(&mut self) -> bool {
        loop {
            let sent = self.driver.publish(self.inbox.clone(), Bytes::new()).await;
            if sent.is_err() {
                return false;
            }
            // Else the connection was lost under it.
            if let Ok(message) = tokio::time::timeout(ECHO, self.messages.next()).await {
                return message.is_some();
            }
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

impl State {
    /// How long the driver waits before it connects.
    fn delay(&self, attempt: usize, backoff: &Mutex<Backoff>) -> Duration {
        if self.closed.load(Ordering::Relaxed) {
            return CLOSED;
        }
        if !self.opened.load(Ordering::Relaxed) {
            return Duration::ZERO;
        }
        let mut backoff = lock(backoff);
        if attempt <= 1 {
            backoff.reset();
        }
        backoff.next_delay()
    }

    fn hear(&self, event: &Event) {
        if self.closed.load(Ordering::Relaxed) {
            return;
        }
        let address = &self.address;
        let sign = match event {
            Event::Connected if self.up.send_replace(true) => return,
            Event::Connected => {
                tracing::info!(%address, "connected to the broker again");
                Sign::Up
            }
            Event::Disconnected => {
                self.up.send_replace(false);
                tracing::warn!(%address, "the connection to the broker was lost");
                Sign::Down
            }
            Event::SlowConsumer(_) => Sign::Dropped,
            Event::ServerError(error) => {
                tracing::warn!(%address, %error, "the broker refused something");
                *lock(&self.refused) = Some(error.to_string());
                return;
            }
            Event::LameDuckMode => {
                tracing::info!(%address, "the broker is about to go");
                return;
            }
            other => {
                tracing::debug!(%address, "{other}");
                return;
            }
        };
        // Whoever is gone does not miss it.
        let _ = self.signs.send(sign);
    }
}

/// Whether the next attempt would fail of the same.
fn is_final(error: &ConnectError) -> bool {
    let refused = matches!(
        error.kind(),
        ConnectErrorKind::Authentication
            | ConnectErrorKind::AuthorizationViolation
            | ConnectErrorKind::ServerParse
    );
    refused || is_tls(error)
}

/// Whether it is one of TLS, somewhere in what caused it.
fn is_tls(error: &ConnectError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(error) = cause {
        if error.is::<rustls::Error>() {
            return true;
        }
        let inner = error.downcast_ref::<std::io::Error>();
        cause = match inner.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

fn explained(error: &ConnectError) -> String {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation => {
            format!("{error}: the broker does not know who we are; see `NatsBroker::auth`")
        }
        ConnectErrorKind::Authentication => {
            format!("{error}: the `auth` of the NATS broker holds no seed of an NKey")
        }
        _ if is_tls(error) && cfg!(not(feature = "tls")) => {
            format!("{error}: the broker speaks TLS, for which the feature `tls` has to be on")
        }
        _ => error.to_string(),
    }
}

/// That no connection was made in time, and what the last attempt failed of.
pub(crate) fn not_connected(
    address: &str,
    limit: Duration,
    last_failure: &LastFailure,
) -> TransportError {
    let why = lock(last_failure).clone();
    let why = why.unwrap_or_else(|| "no answer".to_owned());
    let message = format!("no connection to {address} within {limit:?}: {why}");
    TransportError::of_kind(ErrorKind::Connect, message)
}

/// No code that can panic runs under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

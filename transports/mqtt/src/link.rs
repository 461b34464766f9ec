//! [`Link`]: a connection that comes back. One task polls the driver, as
//! nothing moves unless somebody does, and makes a new connection whenever the
//! one there was is lost. Each has a driver of its own, so that nothing that was
//! meant for one is sent over another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use nestrs_core::backoff::Backoff;
use nestrs_core::status::StatusSource;
use nestrs_core::{ClientStatus, ErrorKind, TransportError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Endpoint;
use crate::driver::{self, Client, Events, Inbound, Lost};

/// A connection that held for this long was no part of a row of failures.
const HELD: Duration = Duration::from_millis(200);
/// How long a good-bye may take.
const GOOD_BYE: Duration = Duration::from_secs(2);

/// Who uses a link.
#[async_trait]
pub(crate) trait Peer: Send + Sync + 'static {
    /// What a connection holds for its user.
    type Session: Send + Sync + 'static;

    /// Makes a new connection ready: subscribes. Messages may come before it has
    /// ended.
    async fn connected(&self, client: Client) -> Result<Self::Session, TransportError>;

    /// A message came. Must not wait: nothing else moves meanwhile.
    fn received(&self, message: Inbound, client: &Client);

    /// The connection is gone.
    fn lost(&self, error: &TransportError);
}

/// What there is at the moment.
enum State<S> {
    /// Nothing yet, or not any more; and why, if something is known.
    Away(Option<TransportError>),
    /// The broker turned us away and will do so again.
    Refused(TransportError),
    Here(Arc<S>),
}

/// A connection that comes back, until it is closed or dropped.
pub(crate) struct Link<S> {
    state: watch::Receiver<State<S>>,
    close: CancellationToken,
    address: String,
}

impl<S: Send + Sync + 'static> Link<S> {
    /// Starts to connect.
    pub(crate) fn open<P: Peer<Session = S>>(
        endpoint: Endpoint,
        peer: Arc<P>,
        status: Arc<StatusSource>,
    ) -> Self {
        let (changes, state) = watch::channel(State::Away(None));
        let close = CancellationToken::new();
        let address = endpoint.address.clone();
        let keeper = Keeper {
            endpoint,
            peer,
            status,
            state: changes,
            close: close.clone(),
        };
        tokio::spawn(keeper.run());
        Self {
            state,
            close,
            address,
        }
    }

    /// The connection, if it is there.
    pub(crate) fn now(&self) -> Option<Arc<S>> {
        match &*self.state.borrow() {
            State::Here(session) => Some(session.clone()),
            _ => None,
        }
    }

    /// Waits for the connection.
    pub(crate) async fn session(&self, limit: Duration) -> Result<Arc<S>, TransportError> {
        if let Some(session) = self.now() {
            return Ok(session);
        }
        let address = &self.address;
        let mut state = self.state.clone();
        let waited = tokio::time::timeout(limit, async {
            let settled = |state: &State<S>| !matches!(state, State::Away(_));
            match state.wait_for(settled).await.as_deref() {
                Ok(State::Here(session)) => Ok(session.clone()),
                Ok(State::Refused(error)) => Err(error.clone()),
                // The keeper is gone: somebody closed the link.
                _ => Err(TransportError::connection_closed()),
            }
        });
        let failed = |why: &str| {
            let message = format!("no connection to the MQTT broker at {address}: {why}");
            TransportError::of_kind(ErrorKind::Connect, message)
        };
        match waited.await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionClosed => Err(error),
            Ok(Err(error)) => Err(failed(&error.message)),
            Err(_) => Err(match &*self.state.borrow() {
                State::Away(Some(error)) => failed(&error.message),
                _ => failed(&format!("none came within {limit:?}")),
            }),
        }
    }

    /// Sends what was handed in, says good-bye and ends the connection.
    pub(crate) async fn close(&self) {
        self.close.cancel();
        let mut state = self.state.clone();
        // It can only end, which is what is waited for.
        while state.changed().await.is_ok() {}
    }
}

impl<S> Drop for Link<S> {
    fn drop(&mut self) {
        self.close.cancel();
    }
}

/// What keeps a link alive.
struct Keeper<P: Peer> {
    endpoint: Endpoint,
    peer: Arc<P>,
    status: Arc<StatusSource>,
    state: watch::Sender<State<P::Session>>,
    close: CancellationToken,
}

impl<P: Peer> Keeper<P> {
    async fn run(self) {
        let mut backoff = Backoff::default();
        let mut is_told = false;
        loop {
            let since = Instant::now();
            let (was_here, lost) = self.connection().await;
            if lost.was_asked_for || self.close.is_cancelled() {
                break;
            }
            let (address, error) = (&self.endpoint.address, &lost.error);
            // Once for each row of failures.
            if was_here || !is_told {
                tracing::warn!(%address, %error, "no connection to the MQTT broker, trying again");
                is_told = true;
            }
            if was_here && since.elapsed() > HELD {
                backoff.reset();
            }
            self.status.set(ClientStatus::Reconnecting);
            self.state.send_replace(match lost.is_refusal {
                true => State::Refused(lost.error),
                false => State::Away(Some(lost.error)),
            });
            tokio::select! {
                () = backoff.wait() => {}
                () = self.close.cancelled() => break,
            }
            // A refusal counts for who waits now, not for who asks after it.
            self.state.send_if_modified(|state| {
                let refused = matches!(state, State::Refused(_));
                if let State::Refused(error) = state {
                    *state = State::Away(Some(error.clone()));
                }
                refused
            });
        }
        self.status.set(ClientStatus::Disconnected);
    }

    /// One connection, from its first packet to its last. Also says whether it
    /// was ever ready.
    async fn connection(&self) -> (bool, Lost) {
        let connected = tokio::select! {
            connected = driver::connect(&self.endpoint) => connected,
            () = self.close.cancelled() => Err(asked_for()),
        };
        let (client, mut events) = match connected {
            Ok(connected) => connected,
            Err(lost) => return (false, lost),
        };
        let mut was_here = false;
        let pump = async {
            let lost = pump(&*self.peer, &client, &mut events).await;
            // In this order: nothing more is handed in, and then what was is lost.
            let socket = events.end();
            self.peer.lost(&lost.error);
            if lost.was_asked_for
                && let Err(error) = socket.closed().await
            {
                tracing::debug!(%error, "the MQTT broker may not have read the last of it");
            }
            lost
        };
        let ready = self.make_ready(&client, &mut was_here);
        let lost = tokio::select! {
            // Neither is ever dropped half-way while the other goes on.
            lost = pump => lost,
            lost = ready => lost,
        };
        (was_here, lost)
    }

    /// Has the peer subscribe, shows the connection, and ends it when it is
    /// asked to.
    async fn make_ready(&self, client: &Client, was_here: &mut bool) -> Lost {
        match self.peer.connected(client.clone()).await {
            Ok(session) => {
                *was_here = true;
                let address = &self.endpoint.address;
                tracing::info!(%address, "connected to the MQTT broker");
                self.state.send_replace(State::Here(Arc::new(session)));
                self.status.set(ClientStatus::Connected);
            }
            Err(error) if error.kind() == ErrorKind::ConnectionClosed => {
                // The pump says why.
                return std::future::pending().await;
            }
            Err(error) => {
                self.peer.lost(&error);
                return Lost {
                    error,
                    is_refusal: true,
                    was_asked_for: false,
                };
            }
        }
        self.close.cancelled().await;
        client.disconnect().await;
        tokio::time::sleep(GOOD_BYE).await;
        asked_for()
    }
}

/// Hands on what comes until the connection is lost.
async fn pump<P: Peer>(peer: &P, client: &Client, events: &mut Events) -> Lost {
    loop {
        match events.message().await {
            Ok(message) => peer.received(message, client),
            Err(lost) => return lost,
        }
    }
}

fn asked_for() -> Lost {
    Lost {
        error: TransportError::connection_closed(),
        is_refusal: false,
        was_asked_for: true,
    }
}

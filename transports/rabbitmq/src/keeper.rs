//! [`Keeper`]: the task that keeps a client connected.
//!
//! The next file on a call's path is `session.rs`.

use std::sync::Arc;

use nestrs_core::backoff::Backoff;
use nestrs_core::status::StatusSource;
use nestrs_core::{ClientStatus, ErrorKind, TransportError};
use tokio::sync::watch;

use crate::link::{Brokers, Link, Refusal, refused};
use crate::sending::Sending;
use crate::session::Session;

/// What there is of a connection.
#[derive(Clone)]
pub(crate) enum State {
    /// Why there is no connection yet, if an attempt was made.
    Connecting(Option<String>),
    Connected(Arc<Session>),
    /// There will be none.
    Refused(TransportError),
}

impl State {
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        match self {
            Self::Connected(session) => Some(session.clone()),
            _ => None,
        }
    }
}

/// Keeps a client connected.
pub(crate) struct Keeper {
    pub(crate) brokers: Brokers,
    pub(crate) sending: Arc<Sending>,
    pub(crate) status: Arc<StatusSource>,
}

impl Keeper {
    pub(crate) async fn run(self, state: watch::Sender<State>) {
        let mut backoff = Backoff::default();
        loop {
            match self.attempt().await {
                Ok((mut link, session)) => {
                    backoff.reset();
                    state.send_replace(State::Connected(session.clone()));
                    self.status.set(ClientStatus::Connected);
                    let why = link.lost().await;
                    tracing::warn!(address = %link.address, "connection to RabbitMQ lost: {why}");
                    state.send_replace(State::Connecting(Some(why)));
                    self.status.set(ClientStatus::Reconnecting);
                    session.end();
                    // What is left of it, if anything, is not wanted.
                    tokio::spawn(link.close());
                }
                Err(Refusal::Passing(why)) => {
                    tracing::debug!("cannot connect to RabbitMQ: {why}");
                    state.send_replace(State::Connecting(Some(why)));
                    backoff.wait().await;
                }
                Err(Refusal::Lasting(why)) => {
                    let message = format!("cannot connect to RabbitMQ: {why}");
                    let error = TransportError::of_kind(ErrorKind::Connect, message);
                    self.status.set(ClientStatus::Disconnected);
                    state.send_replace(State::Refused(error));
                    return;
                }
            }
        }
    }

    async fn attempt(&self) -> Result<(Link, Arc<Session>), Refusal> {
        let link = self.brokers.connect().await?;
        let session = Session::open(link.connection.clone(), self.sending.clone()).await;
        let session = session.map_err(|error| refused(&link.address, &error))?;
        Ok((link, session))
    }
}

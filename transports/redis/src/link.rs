//! Keeps a client connected, from its first call until it is closed.
//!
//! The next file on a call's path is `calling.rs`.

use std::sync::Arc;

use nestrs_core::ClientStatus;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::calling::Calling;
use crate::client::Shared;
use crate::failure::Failure;
use crate::persist::persist;

pub(crate) struct Link {
    pub(crate) broker: Broker,
    state: watch::Sender<State>,
    over: CancellationToken,
}

#[derive(Clone)]
pub(crate) enum State {
    /// And why it did not succeed yet.
    Connecting(Option<Failure>),
    Connected(Arc<Calling>),
    /// Calls need not wait, but it is tried for again.
    TurnedAway(Failure),
    Over,
}

impl Link {
    pub(crate) fn start(broker: Broker, shared: Arc<Shared>) -> Arc<Self> {
        let link = Arc::new(Self {
            broker,
            state: watch::Sender::new(State::Connecting(None)),
            over: CancellationToken::new(),
        });
        let running = EndsWithItsTask(link.clone());
        tokio::spawn(async move {
            let over = running.0.over.clone();
            over.run_until_cancelled(running.0.keep_connected(&shared))
                .await;
        });
        link
    }

    /// The session there is.
    pub(crate) fn current(&self) -> Option<Arc<Calling>> {
        match &*self.state.borrow() {
            State::Connected(calling) if calling.session.is_open() => Some(calling.clone()),
            _ => None,
        }
    }

    pub(crate) fn states(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    /// Ends the session, and there will be no other: what is in flight fails.
    pub(crate) fn end(&self) {
        self.over.cancel();
        let last = self.state.send_replace(State::Over);
        if let State::Connected(calling) = last {
            calling.end();
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    async fn keep_connected(&self, shared: &Arc<Shared>) {
        let mut channels = Vec::new();
        loop {
            let opened = persist(
                &self.broker,
                || Calling::open(&self.broker, shared, &channels),
                |failure| {
                    self.state.send_replace(match failure.is_final {
                        true => State::TurnedAway(failure.clone()),
                        false => State::Connecting(Some(failure.clone())),
                    });
                    true
                },
            );
            let Ok((calling, mut incoming)) = opened.await else {
                return;
            };
            self.state.send_replace(State::Connected(calling.clone()));
            shared.status.set(ClientStatus::Connected);
            calling.read(&mut incoming).await;
            self.state.send_replace(State::Connecting(None));
            shared.status.set(ClientStatus::Reconnecting);
            tracing::debug!(redis = %self.broker, "the connection is lost; connecting again");
            channels = calling.channels.names();
            calling.end();
        }
    }
}

/// Ends the link when the task that keeps it is gone, which may be because its
/// runtime is.
struct EndsWithItsTask(Arc<Link>);

impl Drop for EndsWithItsTask {
    fn drop(&mut self) {
        self.0.end();
    }
}

//! From a message that was published to its answer: takes it in, hands it to
//! the handlers, and publishes what they return.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::intake::{Admission, Intake};
use nestrs_core::{Answer, Dispatch, ErrorKind, Shutdown, TransportError};
use redis::Msg;
use tokio::sync::watch;

use crate::calls::Calls;
use crate::channels::{CANCEL, Channels, Received};
use crate::pipe::{Pipe, Receipt, publish};

/// Clones are the same.
#[derive(Clone)]
pub(crate) struct Handling {
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) shutdown: Shutdown,
    /// It stops later, once all that was published to us is taken in.
    pub(crate) intake: Intake,
    pub(crate) channels: Arc<Channels>,
    pub(crate) calls: Calls,
    pub(crate) outlet: Outlet,
}

impl Handling {
    /// Takes a message in once there is room.
    pub(crate) async fn take(&self, message: &Msg) {
        if message.get_channel_name().starts_with(CANCEL) {
            self.calls.cancel(message.get_payload_bytes());
            return;
        }
        let Some(received) = self.channels.receive(message) else {
            return;
        };
        let Received {
            mut message,
            id,
            metadata,
            channel,
        } = received;
        let extras = metadata.as_ref().map(Extras::of_metadata);
        // Only nestrs clients say how long they wait, and that they do not any more.
        let call = match (extras.and_then(|extras| extras.timeout), &id) {
            (Some(timeout), Some(id)) => {
                message.context.expire_in(timeout);
                Some(self.calls.enter(id.clone(), &mut message.context))
            }
            _ => None,
        };
        let Some(admission) = self.intake.admit().await else {
            return;
        };
        if admission.has_waited() && message.context.is_over() {
            tracing::debug!("a request waited for its turn longer than its sender for the reply");
            return;
        }
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        let outlet = self.outlet.clone();
        admission.run_until(over, async move {
            let _call = call;
            let answer = answer.await;
            if let Some(id) = id {
                outlet.reply(answer, &id, &channel.reply).await;
            }
        });
    }

    /// A place for an event of a stream, where it waits for others just as well:
    /// none once the server is stopping.
    pub(crate) async fn admit_of_stream(&self) -> Option<Admission> {
        tokio::select! {
            biased;
            () = self.shutdown.stopping() => None,
            admission = self.intake.admit() => admission,
        }
    }
}

/// Where replies go: the session there is, or the next one.
#[derive(Clone)]
pub(crate) struct Outlet(pub(crate) watch::Receiver<Option<Pipe>>);

impl Outlet {
    async fn reply(&self, answer: Answer, id: &Bytes, channel: &Arc<str>) {
        let mut replies = answer.into_replies();
        while let Some(reply) = replies.next().await {
            let command = reply.write(id, |parts| publish(channel, parts));
            let receipt = Receipt::Logged(channel.clone());
            let sent = match self.pipe_now() {
                Some(pipe) => pipe.push(command, receipt).await,
                None => Err(command),
            };
            if let Err(unsent) = sent {
                // Seldom enough to be kept apart.
                Box::pin(self.push(unsent, channel)).await;
            }
        }
    }

    /// Queues a command on the session there is, or waits for the next: what was
    /// not sent is not lost.
    async fn push(&self, mut command: redis::Cmd, channel: &Arc<str>) {
        while let Some(pipe) = self.pipe().await {
            let receipt = Receipt::Logged(channel.clone());
            match pipe.push(command, receipt).await {
                Ok(()) => return,
                Err(unsent) => command = unsent,
            }
            self.changed(&pipe).await;
        }
    }

    /// Does what has to be done at Redis, again with the next session if this
    /// one ends: it may be done twice.
    pub(crate) async fn insist<W>(&self, work: impl Fn(Pipe) -> W)
    where
        W: Future<Output = Result<(), TransportError>>,
    {
        while let Some(pipe) = self.pipe().await {
            match work(pipe.clone()).await {
                Ok(()) => return,
                Err(error) if error.kind() == ErrorKind::ConnectionClosed => {
                    self.changed(&pipe).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "an event will be handled again");
                    return;
                }
            }
        }
    }

    /// The pipe of the session there is.
    pub(crate) fn pipe_now(&self) -> Option<Pipe> {
        self.0.borrow().clone()
    }

    /// The pipe of the session there is, or of the next. `None` when there will
    /// be none.
    pub(crate) async fn pipe(&self) -> Option<Pipe> {
        if let Some(pipe) = self.pipe_now() {
            return Some(pipe);
        }
        let mut sessions = self.0.clone();
        let next = sessions.wait_for(Option::is_some).await.ok()?;
        next.clone()
    }

    /// Waits until this pipe is not that of the session any more: it takes a
    /// moment to be announced.
    async fn changed(&self, pipe: &Pipe) {
        let mut sessions = self.0.clone();
        let is_other = |now: &Option<Pipe>| now.as_ref().is_none_or(|now| !now.is_same(pipe));
        // Where there will be no other, the next question says so.
        let _ = sessions.wait_for(is_other).await;
    }
}

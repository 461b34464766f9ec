//! What waits for replies. Dropping it ends the wait.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::{mpsc, oneshot};

use super::{Call, InFlight, OneReply, StreamItem};
use crate::error::TransportError;

/// A request that waits for its reply.
#[derive(Debug)]
pub struct PendingReply {
    reply: oneshot::Receiver<OneReply>,
    place: Place,
}

/// A request that waits for its replies, one after the other.
#[derive(Debug)]
pub struct PendingReplies {
    replies: mpsc::Receiver<StreamItem>,
    failure: Arc<OnceLock<TransportError>>,
    place: Place,
}

impl PendingReply {
    pub(super) fn new(reply: oneshot::Receiver<OneReply>, place: Place) -> Self {
        Self { reply, place }
    }

    /// The request's number, unique in its [`InFlight`].
    pub fn id(&self) -> u64 {
        self.place.id
    }

    /// The same wait, which calls `tell` with the request's number if it is
    /// dropped before its reply came.
    ///
    /// ```
    /// # use nestrs_core::in_flight::InFlight;
    /// # fn main() -> Result<(), nestrs_core::TransportError> {
    /// let in_flight = InFlight::default();
    /// let mut called_off = None;
    /// let call = in_flight.one()?.if_dropped(|number| called_off = Some(number));
    /// let number = call.id();
    /// drop(call);
    /// assert_eq!(called_off, Some(number));
    /// # Ok(())
    /// # }
    /// ```
    pub fn if_dropped<F: FnOnce(u64) + Unpin>(self, tell: F) -> Call<Self, F> {
        Call::new(self.id(), self.place.in_flight.clone(), self, tell)
    }
}

impl Future for PendingReply {
    type Output = OneReply;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<OneReply> {
        // The sender is only ever dropped unsent by dropping `self.place`.
        let reply = ready!(Pin::new(&mut self.reply).poll(cx));
        self.place.is_left = true;
        Poll::Ready(reply.unwrap_or_else(|_| Err(TransportError::connection_closed())))
    }
}

impl PendingReplies {
    pub(super) fn new(
        replies: mpsc::Receiver<StreamItem>,
        failure: Arc<OnceLock<TransportError>>,
        place: Place,
    ) -> Self {
        Self {
            replies,
            failure,
            place,
        }
    }

    /// The request's number, unique in its [`InFlight`].
    pub fn id(&self) -> u64 {
        self.place.id
    }

    /// The same wait, which calls `tell` with the request's number if it is
    /// dropped before its last reply came.
    pub fn if_dropped<F: FnOnce(u64) + Unpin>(self, tell: F) -> Call<Self, F> {
        Call::new(self.id(), self.place.in_flight.clone(), self, tell)
    }

    fn take_failure(&mut self) -> Option<TransportError> {
        let failure = self.failure.get().cloned();
        self.failure = Arc::default();
        failure
    }
}

impl Stream for PendingReplies {
    type Item = StreamItem;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StreamItem>> {
        let item = ready!(self.replies.poll_recv(cx));
        Poll::Ready(item.or_else(|| self.take_failure().map(Err)))
    }
}

/// A waiter's entry, taken out when the waiter is dropped.
#[derive(Debug)]
pub(super) struct Place {
    id: u64,
    in_flight: InFlight,
    /// Whether who gave the reply has taken it out.
    is_left: bool,
}

impl Place {
    pub(super) fn new(id: u64, in_flight: InFlight) -> Self {
        Self {
            id,
            in_flight,
            is_left: false,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_left {
            self.in_flight.leave(self.id);
        }
    }
}

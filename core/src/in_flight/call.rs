//! [`Call`]: a request whose peer is told when nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::InFlight;

/// A request that waits, and what is done if it is dropped before its end. Made
/// by [`PendingReply::if_dropped`](super::PendingReply::if_dropped) and
/// [`PendingReplies::if_dropped`](super::PendingReplies::if_dropped).
///
/// What has failed is not waited for either, so that of a connection that is
/// gone nobody is told.
#[must_use = "a call that is dropped is called off"]
pub struct Call<P, F: FnOnce(u64)> {
    id: u64,
    in_flight: InFlight,
    pending: P,
    /// Until the reply is there, or the last of them.
    tell: Option<F>,
}

impl<P, F: FnOnce(u64)> Call<P, F> {
    pub(super) fn new(id: u64, in_flight: InFlight, pending: P, tell: F) -> Self {
        Self {
            id,
            in_flight,
            pending,
            tell: Some(tell),
        }
    }

    /// The request's number, unique in its [`InFlight`].
    pub fn id(&self) -> u64 {
        self.id
    }
}

impl<P, F: FnOnce(u64)> Drop for Call<P, F> {
    fn drop(&mut self) {
        // Of a stream that was not read to its end the end may be here already.
        if let Some(tell) = self.tell.take()
            && self.in_flight.is_waiting(self.id)
        {
            tell(self.id);
        }
    }
}

impl<P: Future + Unpin, F: FnOnce(u64) + Unpin> Future for Call<P, F> {
    type Output = P::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        let reply = ready!(Pin::new(&mut self.pending).poll(cx));
        self.tell = None;
        Poll::Ready(reply)
    }
}

impl<P: Stream + Unpin, F: FnOnce(u64) + Unpin> Stream for Call<P, F> {
    type Item = P::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P::Item>> {
        let item = ready!(Pin::new(&mut self.pending).poll_next(cx));
        if item.is_none() {
            self.tell = None;
        }
        Poll::Ready(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TransportError;
    use crate::packet::ReplyPacket;

    fn reply(is_last: bool) -> ReplyPacket {
        ReplyPacket {
            id: None,
            body: Ok(Some("1".into())),
            is_last,
        }
    }

    #[tokio::test]
    async fn a_peer_is_told_of_what_was_not_answered() -> Result<(), TransportError> {
        let in_flight = InFlight::default();
        let mut told = Vec::new();
        let one = in_flight.one()?.if_dropped(|id| told.push(id));
        let id = one.id();
        drop(one);
        assert_eq!(told, [id]);

        let many = in_flight.many()?.if_dropped(|id| told.push(id));
        let id = many.id();
        in_flight.complete(id, reply(false));
        drop(many);
        assert_eq!(told[1..], [id]);
        assert!(in_flight.is_empty());
        Ok(())
    }

    #[tokio::test]
    async fn a_peer_is_not_told_of_what_has_ended() -> Result<(), TransportError> {
        let in_flight = InFlight::default();
        let one = in_flight.one()?.if_dropped(|_| panic!("it was answered"));
        in_flight.complete(one.id(), reply(true));
        one.await?;

        let many = in_flight.many()?.if_dropped(|_| panic!("it has ended"));
        in_flight.complete(many.id(), reply(true));
        drop(many);

        let one = in_flight.one()?.if_dropped(|_| panic!("it has failed"));
        in_flight.fail(TransportError::connection_closed());
        drop(one);
        Ok(())
    }
}

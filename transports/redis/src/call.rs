//! A request that waits for its reply, or for several.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::calling::Calling;
use crate::reply_channels::Held;

/// A request in flight, given up when it is dropped before its end.
pub(crate) struct Call<P> {
    pub(crate) id: u64,
    pub(crate) held: Held,
    pending: P,
    is_done: bool,
    calling: Arc<Calling>,
}

impl<P> Call<P> {
    pub(crate) fn new(id: u64, pending: P, held: Held, calling: Arc<Calling>) -> Self {
        Self {
            id,
            held,
            pending,
            is_done: false,
            calling,
        }
    }
}

impl<P> Drop for Call<P> {
    fn drop(&mut self) {
        if !self.is_done {
            self.calling.cancel(self.id, &self.held);
        }
    }
}

impl<P: Future + Unpin> Future for Call<P> {
    type Output = P::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        let reply = ready!(Pin::new(&mut self.pending).poll(cx));
        self.is_done = true;
        Poll::Ready(reply)
    }
}

impl<P: Stream + Unpin> Stream for Call<P> {
    type Item = P::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P::Item>> {
        Pin::new(&mut self.pending).poll_next(cx)
    }
}

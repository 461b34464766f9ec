//! A request that waits for its reply, or for several.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::session::Session;

/// A request in flight, given up when it is dropped before its end.
pub(crate) struct Call<P> {
    number: u64,
    pending: P,
    session: Arc<Session>,
}

impl<P> Call<P> {
    pub(crate) fn new(number: u64, pending: P, session: Arc<Session>) -> Self {
        Self {
            number,
            pending,
            session,
        }
    }
}

impl<P> Drop for Call<P> {
    fn drop(&mut self) {
        self.session.give_up(self.number);
    }
}

impl<P: Future + Unpin> Future for Call<P> {
    type Output = P::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        Pin::new(&mut self.pending).poll(cx)
    }
}

impl<P: Stream + Unpin> Stream for Call<P> {
    type Item = P::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<P::Item>> {
        Pin::new(&mut self.pending).poll_next(cx)
    }
}

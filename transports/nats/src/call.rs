//! A request that waits for its reply, or for several, and is called off when
//! nobody waits for them any more.
//!
//! Which replica of which service has the request nobody knows, so all nestrs
//! servers are told: they listen at [`CALLED_OFF`] for the reply subjects of
//! such requests. NestJS peers do not listen there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_nats::Subject;
use bytes::Bytes;
use futures_core::Stream;
use tokio::runtime::Handle;

use crate::link::Link;
use crate::waiting::Calls;

/// Where clients say which requests they do not wait for any more.
pub(crate) const CALLED_OFF: &str = "_NESTRS.called-off";

/// A request in flight, called off when it is dropped before its end.
pub(crate) struct Call<P> {
    /// First, to be dropped while the request still waits.
    call_off: CallOff,
    pending: P,
}

/// What it takes to call a request off.
pub(crate) struct CallOff {
    pub(crate) link: Arc<Link>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) number: u64,
    pub(crate) reply: Subject,
}

impl<P> Call<P> {
    pub(crate) fn new(pending: P, call_off: CallOff) -> Self {
        Self { call_off, pending }
    }

    /// Where its replies go.
    pub(crate) fn reply(&self) -> Subject {
        self.call_off.reply.clone()
    }
}

impl Drop for CallOff {
    fn drop(&mut self) {
        if !self.calls.in_flight.is_waiting(self.number) {
            return;
        }
        // Without a runtime there is no connection either.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let (driver, reply) = (
            self.link.driver.clone(),
            Bytes::copy_from_slice(self.reply.as_bytes()),
        );
        runtime.spawn(async move {
            // On a connection that has ended nobody hears it.
            let _ = driver.publish(CALLED_OFF, reply).await;
        });
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

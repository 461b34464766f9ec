//! One message in hand, as the task that it is: its work, and what ends it early.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::OwnedSemaphorePermit;

use crate::context::Over;
use crate::dispatch::BoxFuture;
use crate::shutdown::Shutdown;

/// Most work is done when it is first looked at. What waits for anything else is
/// not made before that; and the task stays small, which is moved a few times.
pub(crate) struct InHand {
    pub(crate) work: BoxFuture<'static, ()>,
    /// That nobody waits for the answer any more.
    pub(crate) over: Option<Over>,
    pub(crate) shutdown: Shutdown,
    /// That the server gave up, once that is waited for.
    pub(crate) aborting: Option<BoxFuture<'static, ()>>,
    pub(crate) _place: OwnedSemaphorePermit,
}

impl Future for InHand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            work,
            over,
            shutdown,
            aborting,
            ..
        } = &mut *self;
        if work.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        if let Some(over) = over
            && Pin::new(over).poll(cx).is_ready()
        {
            tracing::debug!("nobody waits for the reply any more");
            return Poll::Ready(());
        }
        let wait = || {
            let shutdown = shutdown.clone();
            Box::pin(async move { shutdown.aborting().await }) as BoxFuture<'static, ()>
        };
        aborting.get_or_insert_with(wait).as_mut().poll(cx)
    }
}

impl fmt::Debug for InHand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InHand").finish_non_exhaustive()
    }
}

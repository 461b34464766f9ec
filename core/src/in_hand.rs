//! One message in hand: its work, and what ends it early.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::context::Over;
use crate::dispatch::BoxFuture;
use crate::intake::Place;

/// Most work is done when it is first looked at. What waits for anything else is
/// not made before that; and as a task it stays small, which is moved a few times.
pub(crate) struct InHand {
    pub(crate) work: BoxFuture<'static, ()>,
    /// That nobody waits for the answer any more.
    pub(crate) over: Option<Over>,
    /// That the server gave up, once that is waited for.
    pub(crate) aborting: Option<BoxFuture<'static, ()>>,
    /// Kept until then.
    pub(crate) place: Place,
}

impl InHand {
    /// Begins the work. True if that was all of it; else it is polled again, by
    /// whoever is to be woken. What panics ends alone, as in a task.
    pub(crate) fn is_done_at_once(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        let begin = AssertUnwindSafe(|| self.work.as_mut().poll(&mut cx).is_ready());
        catch_unwind(begin).unwrap_or(true)
    }
}

impl Future for InHand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            work,
            over,
            aborting,
            place,
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
            let shutdown = place.shutdown().clone();
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

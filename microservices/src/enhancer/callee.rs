//! [`Callee`]: the handler at the end of a chain. It lies in the future of whoever
//! runs the chain, so that a message needs one place for both.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Protocol;

/// A handler that waits for the call which comes through a chain.
pub trait Callee<P: Protocol>: Send {
    /// Starts with `call`, if that is still there, and goes on.
    fn poll_with(
        self: Pin<&mut Self>,
        call: &mut Option<P::Call>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<P::Answer, P::Error>>;

    /// Drops the handler where it stands.
    fn stop(self: Pin<&mut Self>);
}

pin_project! {
    /// The [`Callee`] that `start` makes of the call.
    pub struct Waiting<S, F> {
        start: Option<S>,
        #[pin]
        handler: Option<F>,
    }
}

impl<S, F> Waiting<S, F> {
    /// One that has no call yet.
    pub fn new(start: S) -> Self {
        Self {
            start: Some(start),
            handler: None,
        }
    }
}

impl<P, S, F> Callee<P> for Waiting<S, F>
where
    P: Protocol,
    S: FnOnce(P::Call) -> F + Send,
    F: Future<Output = Result<P::Answer, P::Error>> + Send,
{
    fn poll_with(
        self: Pin<&mut Self>,
        call: &mut Option<P::Call>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<P::Answer, P::Error>> {
        let mut this = self.project();
        if let Some(call) = call.take()
            && let Some(start) = this.start.take()
        {
            this.handler.set(Some(start(call)));
        }
        match this.handler.as_pin_mut() {
            Some(handler) => handler.poll(cx),
            // It was stopped: nobody waits any more.
            None => Poll::Pending,
        }
    }

    fn stop(self: Pin<&mut Self>) {
        self.project().handler.set(None);
    }
}

/// What a [`Callee`] comes to that gets its call. Dropped before, it stops the handler.
pub(super) struct Called<'a, P: Protocol> {
    /// Until it is done.
    callee: Option<Pin<&'a mut (dyn Callee<P> + 'a)>>,
    /// Until it has started.
    call: Option<P::Call>,
}

impl<'a, P: Protocol> Called<'a, P> {
    pub(super) fn new(callee: Pin<&'a mut (dyn Callee<P> + 'a)>, call: P::Call) -> Self {
        Self {
            callee: Some(callee),
            call: Some(call),
        }
    }
}

// What is pinned lies elsewhere.
impl<P: Protocol> Unpin for Called<'_, P> {}

impl<P: Protocol> Future for Called<'_, P> {
    type Output = Result<P::Answer, P::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { callee, call } = &mut *self;
        let Some(running) = callee else {
            return Poll::Pending;
        };
        let outcome = running.as_mut().poll_with(call, cx);
        if outcome.is_ready() {
            *callee = None;
        }
        outcome
    }
}

impl<P: Protocol> Drop for Called<'_, P> {
    fn drop(&mut self) {
        if let Some(callee) = self.callee.take() {
            callee.stop();
        }
    }
}

//! [`Confirming`]: an event that the broker is to confirm.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lapin::{Confirmation, PublisherConfirm};

/// A confirmation that is waited for even if its event is not: the driver
/// would keep it.
pub(crate) struct Confirming(pub(crate) Option<PublisherConfirm>);

impl Future for Confirming {
    type Output = lapin::Result<Confirmation>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(confirm) = &mut self.0 else {
            return Poll::Ready(Ok(Confirmation::NotRequested));
        };
        let confirmed = ready!(Pin::new(confirm).poll(cx));
        self.0 = None;
        Poll::Ready(confirmed)
    }
}

impl Drop for Confirming {
    fn drop(&mut self) {
        if let (Some(confirm), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        {
            runtime.spawn(confirm);
        }
    }
}

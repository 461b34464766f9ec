//! [`ClientStatus`]: what a client's connection is doing. The names are
//! NestJS's.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::watch::{Receiver, Sender};
use tokio_util::sync::ReusableBoxFuture;

/// What a client's connection is doing.
///
/// ```
/// assert_eq!(nestrs_core::ClientStatus::Connected.to_string(), "connected");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientStatus {
    /// There is none: not yet, or not any more.
    Disconnected,
    /// It was lost and is being made again.
    Reconnecting,
    /// It is there.
    Connected,
}

impl fmt::Display for ClientStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disconnected => "disconnected",
            Self::Reconnecting => "reconnecting",
            Self::Connected => "connected",
        })
    }
}

/// Where a transport says what its status is.
///
/// ```
/// use nestrs_core::ClientStatus;
/// use nestrs_core::status::StatusSource;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let status = StatusSource::default();
/// let mut seen = status.watch();
/// assert_eq!(seen.next().await, Some(ClientStatus::Disconnected));
/// status.set(ClientStatus::Connected);
/// assert_eq!(seen.next().await, Some(ClientStatus::Connected));
/// drop(status);
/// assert_eq!(seen.next().await, None);
/// # }
/// ```
#[derive(Debug)]
pub struct StatusSource(Sender<ClientStatus>);

impl Default for StatusSource {
    fn default() -> Self {
        Self(Sender::new(ClientStatus::Disconnected))
    }
}

impl StatusSource {
    /// Tells all who watch, if it is a change.
    pub fn set(&self, status: ClientStatus) {
        self.0
            .send_if_modified(|now| std::mem::replace(now, status) != status);
    }

    /// The status now and from now on.
    pub fn watch(&self) -> StatusStream {
        let mut changes = self.0.subscribe();
        changes.mark_changed();
        StatusStream(ReusableBoxFuture::new(next(changes)))
    }
}

/// A client's status: first what it is, then each change, until the client is
/// gone. Whoever is too slow for every change gets the last.
#[derive(Debug)]
pub struct StatusStream(ReusableBoxFuture<'static, (Option<ClientStatus>, Receiver<ClientStatus>)>);

impl StatusStream {
    /// Of a transport that has no connection that could be lost.
    pub fn always(status: ClientStatus) -> Self {
        let source = StatusSource::default();
        source.set(status);
        source.watch()
    }

    /// The next status, `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn next(&mut self) -> Option<ClientStatus> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl Stream for StatusStream {
    type Item = ClientStatus;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ClientStatus>> {
        let (status, changes) = ready!(self.0.poll(cx));
        self.0.set(next(changes));
        Poll::Ready(status)
    }
}

async fn next(
    mut changes: Receiver<ClientStatus>,
) -> (Option<ClientStatus>, Receiver<ClientStatus>) {
    let changed = changes.changed().await;
    let status = changed.ok().map(|()| *changes.borrow_and_update());
    (status, changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_changes_are_told_and_the_last_is_never_missed() {
        let source = StatusSource::default();
        let mut seen = source.watch();
        source.set(ClientStatus::Reconnecting);
        source.set(ClientStatus::Connected);
        assert_eq!(seen.next().await, Some(ClientStatus::Connected));
        source.set(ClientStatus::Connected);
        source.set(ClientStatus::Disconnected);
        drop(source);
        assert_eq!(seen.next().await, Some(ClientStatus::Disconnected));
        assert_eq!(seen.next().await, None);
        assert_eq!(seen.next().await, None);
    }
}

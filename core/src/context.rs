//! [`MessageContext`]: what is known of a message beside its pattern and its
//! payload. The server that takes the message in fills it; handlers read it.
//!
//! Back to the path of a message: [`crate::dispatch`].

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::cancellation::Cancellation;
use crate::dispatch::BoxFuture;
use crate::encoding::Encoding;
use crate::headers::Headers;

/// Where a message came from and for how long its answer is of use. An empty
/// one allocates nothing.
///
/// ```
/// use nestrs_core::MessageContext;
/// use std::time::Duration;
///
/// let mut context = MessageContext::new("tcp");
/// context.headers.insert("tenant", "acme");
/// context.expire_in(Duration::from_secs(5));
/// assert!(!context.is_over());
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct MessageContext {
    /// The name of the transport, as `tcp`; empty where there was none.
    pub transport: &'static str,
    /// What the sender calls the request by, as JSON: what logs on both sides
    /// can be joined by. An event has none.
    pub id: Option<Bytes>,
    /// What the sender put beside the payload.
    pub headers: Headers,
    /// When the sender stops waiting, if it said so.
    pub deadline: Option<Instant>,
    /// Whether the sender has stopped waiting.
    pub cancelled: Cancellation,
    /// What the transport itself knows, in a type of its own: for TCP its
    /// `TcpContext`.
    pub native: Option<Arc<dyn Any + Send + Sync>>,
    /// How payload and answer are written, where that is not JSON.
    pub encoding: Option<Arc<dyn Encoding>>,
}

impl MessageContext {
    /// The context of a message that came by `transport`, of which nothing
    /// more is known.
    pub fn new(transport: &'static str) -> Self {
        Self {
            transport,
            ..Self::default()
        }
    }

    /// The transport's own context, if it is a `T`.
    ///
    /// ```
    /// use nestrs_core::MessageContext;
    /// use std::sync::Arc;
    ///
    /// struct Peer(&'static str);
    ///
    /// let mut context = MessageContext::new("pigeon");
    /// context.native = Some(Arc::new(Peer("roof")));
    /// assert_eq!(context.native::<Peer>().unwrap().0, "roof");
    /// ```
    pub fn native<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.native.as_deref()?.downcast_ref()
    }

    /// Sets the deadline `after` now, unless that is beyond what a clock can
    /// say.
    pub fn expire_in(&mut self, after: Duration) {
        self.deadline = now().checked_add(after);
    }

    /// The time until the deadline, if there is one: what may be spent on the
    /// calls that the answer needs.
    pub fn time_left(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(now()))
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_over(&self) -> bool {
        self.cancelled.is_cancelled() || self.time_left() == Some(Duration::ZERO)
    }

    /// Waits until nobody waits for the answer any more. Costs nothing until it
    /// has to wait.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub fn over(&self) -> Over {
        Over {
            deadline: self.deadline,
            cancelled: self.cancelled.clone(),
            waiting: None,
        }
    }
}

/// See [`MessageContext::over`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct Over {
    deadline: Option<Instant>,
    cancelled: Cancellation,
    /// Most messages are answered before this is needed: it is large.
    waiting: Option<BoxFuture<'static, ()>>,
}

impl Future for Over {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let (deadline, cancelled) = (self.deadline, self.cancelled.clone());
        let wait = async move {
            match deadline {
                None => cancelled.cancelled().await,
                Some(deadline) => tokio::select! {
                    () = cancelled.cancelled() => {}
                    () = tokio::time::sleep_until(deadline.into()) => {}
                },
            }
        };
        self.waiting
            .get_or_insert_with(|| Box::pin(wait))
            .as_mut()
            .poll(cx)
    }
}

impl fmt::Debug for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Over")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// The clock that [`MessageContext::over`] goes by, which tests can stop.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl fmt::Debug for MessageContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageContext")
            .field("transport", &self.transport)
            .field("headers", &self.headers)
            .field("deadline", &self.deadline)
            .field("cancelled", &self.cancelled.is_cancelled())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_is_over_when_it_is_cancelled_or_late() {
        let mut context = MessageContext::new("test");
        assert!(!context.is_over());
        context.cancelled = Cancellation::new();
        context.cancelled.clone().cancel();
        context.over().await;
        assert!(context.is_over());

        let mut late = MessageContext::new("test");
        late.expire_in(Duration::ZERO);
        late.over().await;
        assert!(late.is_over());
        late.expire_in(Duration::MAX);
        assert_eq!(late.deadline, None);
    }
}

//! [`MessageContext`]: what is known of a message beside its pattern and its
//! payload. The server that takes the message in fills it; handlers read it.
//!
//! Back to the path of a message: [`crate::dispatch`].

use std::any::Any;
use std::fmt;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::dispatch::BoxFuture;
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

/// Says once, to all its clones, that an answer is not wanted any more. The
/// default one never does.
///
/// ```
/// use nestrs_core::Cancellation;
///
/// let cancellation = Cancellation::new();
/// let seen_by_the_handler = cancellation.clone();
/// cancellation.cancel();
/// assert!(seen_by_the_handler.is_cancelled());
/// assert!(!Cancellation::default().is_cancelled());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Option<Arc<Flag>>);

/// A `CancellationToken` locks when it is cloned and when it is dropped, which
/// is dear where every message has one.
#[derive(Debug, Default)]
struct Flag {
    is_up: AtomicBool,
    raised: Notify,
}

impl Cancellation {
    /// One that can be cancelled.
    pub fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// Says it. To the default one there is nobody to say it.
    pub fn cancel(&self) {
        if let Some(flag) = &self.0 {
            flag.is_up.store(true, Ordering::Release);
            flag.raised.notify_waiters();
        }
    }

    /// Whether it was said.
    pub fn is_cancelled(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|flag| flag.is_up.load(Ordering::Acquire))
    }

    /// Waits until it is said, for ever if it never is.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn cancelled(&self) {
        let Some(flag) = &self.0 else {
            return pending().await;
        };
        // It hears of a cancel from here on, polled or not.
        let raised = flag.raised.notified();
        if !self.is_cancelled() {
            raised.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_hears_of_a_cancel() {
        let cancellation = Cancellation::new();
        let waiting = tokio::spawn({
            let cancellation = cancellation.clone();
            async move { cancellation.cancelled().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        cancellation.cancel();
        waiting.await.unwrap();
        cancellation.cancelled().await;
    }

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

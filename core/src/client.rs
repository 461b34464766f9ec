//! [`Transport`]: the calling side. Users call it through `ClientProxy`.
//!
//! The next file on a reply's path is [`crate::in_flight`].

use std::any::Any;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::Value;
use tokio::task::unconstrained;
use tokio::time::sleep;

use crate::dispatch::BoxStream;
use crate::error::{ErrorKind, TransportError};
use crate::headers::Headers;
use crate::packet;
use crate::status::{ClientStatus, StatusStream};

/// The replies to one request, as JSON.
pub type Replies = BoxStream<'static, Result<Bytes, TransportError>>;

/// A message on its way out.
///
/// ```
/// use nestrs_core::Outgoing;
/// use std::time::Duration;
///
/// let message = Outgoing::new("math.add", "[1,2]").timeout(Duration::from_secs(1));
/// assert_eq!(message.timeout, Some(Duration::from_secs(1)));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outgoing<'a> {
    /// The pattern, as a route.
    pub pattern: &'a str,
    /// The payload, as JSON.
    pub payload: Bytes,
    /// How long to wait for the reply, instead of as long as the transport's
    /// options say.
    pub timeout: Option<Duration>,
    /// What travels beside the payload.
    pub headers: Headers,
    /// What only some transport knows to do with a message, in a type of its
    /// own; any other transport takes no notice of it.
    pub record: Option<Arc<dyn Any + Send + Sync>>,
}

impl<'a> Outgoing<'a> {
    /// A message of a route and a JSON payload.
    pub fn new(pattern: &'a str, payload: impl Into<Bytes>) -> Self {
        Self {
            pattern,
            payload: payload.into(),
            timeout: None,
            headers: Headers::new(),
            record: None,
        }
    }

    /// The same message, waited for no longer than `timeout`;
    /// [`Duration::MAX`] is for ever.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The same message with another header.
    ///
    /// ```
    /// # use nestrs_core::Outgoing;
    /// let message = Outgoing::new("math.add", "[1,2]").header("tenant", "acme");
    /// assert_eq!(message.headers.get("tenant"), Some("acme"));
    /// ```
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// The same message with what the transport is to do with this one.
    ///
    /// ```
    /// # use nestrs_core::Outgoing;
    /// #[derive(Debug, PartialEq)]
    /// struct Priority(u8);
    ///
    /// let message = Outgoing::new("math.add", "[1,2]").record(Priority(9));
    /// assert_eq!(message.record_as(), Some(&Priority(9)));
    /// assert_eq!(message.record_as::<String>(), None);
    /// ```
    #[must_use]
    pub fn record(mut self, record: impl Any + Send + Sync) -> Self {
        self.record = Some(Arc::new(record));
        self
    }

    /// The record, if it is a `T`.
    pub fn record_as<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.record.as_deref()?.downcast_ref()
    }
}

/// What can send messages.
///
/// The two `_json` methods are all a transport needs. The others are what
/// `ClientProxy` calls: they carry payloads as the bytes they are, so a
/// transport that has bytes underneath implements these and gets the first
/// two from [`send_json_as_bytes`] and [`emit_json_as_bytes`].
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    ///
    /// The peer's error, or that no reply came.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future forgets the request; it may run all the same.
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError>;

    /// Sends an event, to which nothing is replied.
    ///
    /// # Errors
    ///
    /// When it could not be sent.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may or may not send the event.
    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError>;

    /// [`send_json`](Self::send_json) with JSON text; `None` is a reply
    /// without a value.
    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let value = self
            .send_json(message.pattern, from_json(&message.payload)?)
            .await?;
        to_json(&value).map(Some)
    }

    /// [`emit_json`](Self::emit_json) with JSON text.
    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        self.emit_json(message.pattern, from_json(&message.payload)?)
            .await
    }

    /// A request that is answered by any number of replies, in order.
    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let reply = self.send(message).await?;
        Ok(Box::pin(Once(reply.map(Ok))))
    }

    /// Connects now instead of with the first message.
    ///
    /// # Errors
    ///
    /// When no connection could be made in time.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    async fn connect(&self) -> Result<(), TransportError> {
        Ok(())
    }

    /// Ends the connections; the next message makes new ones.
    async fn close(&self) {}

    /// What the connection is doing, now and from now on. A transport that
    /// does not say is always connected.
    fn status(&self) -> StatusStream {
        StatusStream::always(ClientStatus::Connected)
    }

    /// What this transport puts around the one it sends through, put around
    /// `inner`: what a client does with each message stays when a test takes
    /// its connection away. A transport that is not around another is gone.
    ///
    /// ```
    /// # use nestrs_core::Transport;
    /// # use std::sync::Arc;
    /// fn without_broker(billing: &dyn Transport, mock: Arc<dyn Transport>) -> Arc<dyn Transport> {
    ///     billing.around(mock)
    /// }
    /// ```
    fn around(&self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        inner
    }

    /// What the transport itself sends through at the moment, in a type of its
    /// own, which its documentation names.
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }
}

/// [`Transport::send_json`] for a transport whose [`send`](Transport::send)
/// does the work.
///
/// # Errors
///
/// Those of `send`, and a reply that is no JSON.
pub async fn send_json_as_bytes(
    transport: &dyn Transport,
    pattern: &str,
    payload: Value,
) -> Result<Value, TransportError> {
    match transport
        .send(Outgoing::new(pattern, to_json(&payload)?))
        .await?
    {
        Some(reply) => from_json(&reply),
        None => Ok(Value::Null),
    }
}

/// [`Transport::emit_json`] for a transport whose [`emit`](Transport::emit)
/// does the work.
///
/// # Errors
///
/// Those of `emit`.
pub async fn emit_json_as_bytes(
    transport: &dyn Transport,
    pattern: &str,
    payload: Value,
) -> Result<(), TransportError> {
    transport
        .emit(Outgoing::new(pattern, to_json(&payload)?))
        .await
}

/// Waits for `call` as long as the message says, or else `by_default`. The
/// error names its pattern and the `peer`.
///
/// # Errors
///
/// Those of `call`, and [`ErrorKind::Timeout`].
///
/// # Cancel safety
///
/// That of `call`.
pub async fn in_time<T>(
    message: &Outgoing<'_>,
    by_default: Duration,
    peer: &str,
    call: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    let limit = message.timeout.unwrap_or(by_default);
    let mut call = pin!(call);
    // Not made for what is there at once. It must be heard even if the call used
    // up the task's turn.
    let mut late = pin!(None);
    poll_fn(|cx| {
        if let Poll::Ready(reply) = call.as_mut().poll(cx) {
            return Poll::Ready(reply);
        }
        if late.is_none() {
            late.set(Some(unconstrained(sleep(limit))));
        }
        ready!(
            late.as_mut()
                .as_pin_mut()
                .map_or(Poll::Pending, |late| late.poll(cx))
        );
        let pattern = message.pattern;
        let message = format!("no reply to {pattern:?} from {peer} within {limit:?}");
        Poll::Ready(Err(TransportError::of_kind(ErrorKind::Timeout, message)))
    })
    .await
}

fn to_json(value: &Value) -> Result<Bytes, TransportError> {
    let invalid = |error| TransportError::of_kind(ErrorKind::InvalidPayload, format!("{error}"));
    packet::to_json(value).map_err(invalid)
}

fn from_json(json: &[u8]) -> Result<Value, TransportError> {
    let invalid = |error| TransportError::of_kind(ErrorKind::InvalidPayload, format!("{error}"));
    serde_json::from_slice(json).map_err(invalid)
}

/// A stream of at most one item.
struct Once(Option<Result<Bytes, TransportError>>);

impl futures_core::Stream for Once {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take())
    }
}

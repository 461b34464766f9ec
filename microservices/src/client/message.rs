//! [`ClientMessage`]: a message with options of its own.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use nestrs_core::{Headers, Outgoing, TransportError};
use serde::{Deserialize, Serialize};

use crate::client::{ClientProxy, ReplyStream, from_json, to_json};
use crate::ctx::CORRELATION_ID;

/// A message that is not sent yet, from [`ClientProxy::message`].
///
/// ```no_run
/// # use nestrs_microservices::{ClientProxy, TransportError};
/// use std::time::Duration;
///
/// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
/// let sum: f64 = client
///     .message("math.add", &[1.5, 2.5])
///     .timeout(Duration::from_millis(200))
///     .header("tenant", "acme")
///     .send()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a message does nothing until it is sent: call `send`, `emit` or `send_stream`"]
pub struct ClientMessage<'a, T: ?Sized> {
    pub(super) client: &'a ClientProxy,
    pub(super) pattern: &'a str,
    pub(super) payload: &'a T,
    pub(super) timeout: Option<Duration>,
    pub(super) headers: Headers,
    pub(super) record: Option<Arc<dyn Any + Send + Sync>>,
}

impl<'a, TReq: Serialize + Send + Sync + ?Sized> ClientMessage<'a, TReq> {
    /// Waits for a reply no longer than this, whatever the client's options
    /// say; [`Duration::MAX`] is for ever. Of an event it limits how long
    /// sending may take, of a stream how long until it is asked for.
    ///
    /// A nestrs peer is told: its handlers have it as their deadline.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ..self
        }
    }

    /// Sends a header along, where the transport has headers: NestJS 12's
    /// `metadata`.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends headers along, such as those of the message that is being
    /// handled.
    ///
    /// ```no_run
    /// # use nestrs_core::MessageContext;
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # async fn example(client: ClientProxy, context: MessageContext) -> Result<(), TransportError> {
    /// client.message("order.paid", &7).headers(context.headers.iter()).emit().await
    /// # }
    /// ```
    pub fn headers<N, V>(mut self, headers: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        self.headers.extend(headers);
        self
    }

    /// Tells the transport what to do with this message, as NestJS's records
    /// do: a type of the transport's own. Any other transport takes no notice.
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # struct Record { priority: u8 }
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// client.message("order.paid", &7).record(Record { priority: 9 }).emit().await
    /// # }
    /// ```
    pub fn record(self, record: impl Any + Send + Sync) -> Self {
        Self {
            record: Some(Arc::new(record)),
            ..self
        }
    }

    /// Says what the message is called by in the logs of both sides: the
    /// header `x-correlation-id`, which a handler reads with
    /// [`Ctx::correlation_id`] and a NestJS 12 peer with `getMetadata()`. What
    /// the service logs of an internal error has it, and so has what is logged
    /// here of a failed request.
    ///
    /// By default nothing is said, and the service's log has the request's id
    /// on the wire.
    ///
    /// [`Ctx::correlation_id`]: crate::Ctx::correlation_id
    pub fn correlation_id(self, id: impl Into<String>) -> Self {
        self.header(CORRELATION_ID, id)
    }

    /// Sends it as a request, see [`ClientProxy::send`].
    ///
    /// # Errors
    ///
    /// Those of [`ClientProxy::send`].
    ///
    /// # Cancel safety
    ///
    /// That of [`ClientProxy::send`].
    pub async fn send<TRes>(self) -> Result<TRes, TransportError>
    where
        TRes: for<'de> Deserialize<'de> + Send,
    {
        let transport = &self.client.transport;
        match transport.send(self.outgoing()?).await {
            Ok(reply) => from_json(self.pattern, reply.as_deref().unwrap_or(b"null")),
            Err(error) => Err(failed(self.pattern, &self.headers, error)),
        }
    }

    /// Sends it as an event, see [`ClientProxy::emit`].
    ///
    /// # Errors
    ///
    /// Those of [`ClientProxy::emit`].
    ///
    /// # Cancel safety
    ///
    /// That of [`ClientProxy::emit`].
    pub async fn emit(self) -> Result<(), TransportError> {
        let transport = &self.client.transport;
        transport.emit(self.outgoing()?).await
    }

    /// Sends it as a request for several replies, see
    /// [`ClientProxy::send_stream`].
    ///
    /// # Errors
    ///
    /// Those of [`ClientProxy::send_stream`].
    ///
    /// # Cancel safety
    ///
    /// That of [`ClientProxy::send_stream`].
    pub async fn send_stream<TRes>(self) -> Result<ReplyStream<TRes>, TransportError>
    where
        TRes: for<'de> Deserialize<'de> + Send + 'static,
    {
        let (pattern, headers) = (self.pattern.to_owned(), self.headers.clone());
        let transport = &self.client.transport;
        let replies = transport.send_stream(self.outgoing()?).await;
        let failed = move |error| failed(&pattern, &headers, error);
        let pattern = self.pattern.to_owned();
        let from_json = move |reply: Bytes| from_json(&pattern, &reply);
        let replies = replies.map_err(&failed)?;
        Ok(replies
            .map(move |reply| reply.map_err(&failed).and_then(&from_json))
            .boxed())
    }

    fn outgoing(&self) -> Result<Outgoing<'a>, TransportError> {
        let mut message = Outgoing::new(self.pattern, to_json(self.pattern, self.payload)?);
        message.timeout = self.timeout;
        message.headers = self.headers.clone();
        message.record.clone_from(&self.record);
        Ok(message)
    }
}

/// The log of this side, with what the other side calls the message by.
fn failed(pattern: &str, headers: &Headers, error: TransportError) -> TransportError {
    let correlation_id = headers.get(CORRELATION_ID);
    tracing::debug!(pattern, correlation_id, "a request failed: {error}");
    error
}

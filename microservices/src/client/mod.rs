//! [`ClientProxy`]: how messages are sent, and where a message's path ends:
//! the reply's bytes become the type the caller asked for.
//!
//! The next file on a message's path is `nestrs-core`'s
//! [`in_flight`](nestrs_core::in_flight), where the reply was awaited.

mod config;
mod module;
mod service;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use nestrs_core::dispatch::BoxStream;
use nestrs_core::{ErrorKind, Outgoing, Transport, TransportError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use config::ClientConfig;
pub use module::ClientsModule;
pub use service::ClientsService;

use crate::payload::decode;

/// Sends messages through a [`Transport`]. Clones share it.
///
/// Patterns are strings; an object goes as a
/// [`Pattern`](nestrs_core::Pattern):
///
/// ```no_run
/// use nestrs_core::Pattern;
/// use nestrs_microservices::{ClientProxy, TransportError};
/// use serde_json::json;
///
/// async fn total(client: ClientProxy) -> Result<i64, TransportError> {
///     client.emit("math.asked", &json!({ "by": "me" })).await?;
///     client.send(&Pattern::from(json!({ "cmd": "sum" })), &[1, 2, 3]).await
/// }
/// ```
#[derive(Clone)]
pub struct ClientProxy {
    transport: Arc<dyn Transport>,
}

/// The replies to one request, as they come.
pub type ReplyStream<T> = BoxStream<'static, Result<T, TransportError>>;

impl ClientProxy {
    /// A client over `transport`.
    ///
    /// ```
    /// use nestrs_microservices::{ClientProxy, Transport, TransportError, async_trait};
    /// use serde_json::Value;
    /// use std::sync::Arc;
    ///
    /// struct Echo;
    ///
    /// #[async_trait]
    /// impl Transport for Echo {
    ///     async fn send_json(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
    ///         Ok(payload)
    ///     }
    ///     async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TransportError> {
    /// let client = ClientProxy::new(Arc::new(Echo));
    /// let reply: Vec<u8> = client.send("echo", &[1, 2]).await?;
    /// assert_eq!(reply, [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport }
    }

    /// Sends a request and waits for its reply. A reply without a value is
    /// JSON's `null`, so `()` and `Option<T>` can be asked for.
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// let sum: f64 = client.send("math.add", &[1.5, 2.5]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The handler's error; that no reply came, by
    /// [`kind`](TransportError::kind); or [`ErrorKind::InvalidPayload`] when
    /// the payload is no JSON or the reply is no `TRes`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future forgets the request; its handler may run all the
    /// same.
    pub async fn send<TReq, TRes>(
        &self,
        pattern: &str,
        payload: &TReq,
    ) -> Result<TRes, TransportError>
    where
        TReq: Serialize + Send + Sync + ?Sized,
        TRes: for<'de> Deserialize<'de> + Send,
    {
        let message = Outgoing::new(pattern, to_json(pattern, payload)?);
        let reply = self.transport.send(message).await?;
        from_json(pattern, reply.as_deref().unwrap_or(b"null"))
    }

    /// Sends an event, to which nothing is replied.
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// client.emit("user.created", "Ada").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When it could not be sent, or the payload is no JSON.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may or may not send the event.
    pub async fn emit<TReq>(&self, pattern: &str, payload: &TReq) -> Result<(), TransportError>
    where
        TReq: Serialize + Send + Sync + ?Sized,
    {
        let message = Outgoing::new(pattern, to_json(pattern, payload)?);
        self.transport.emit(message).await
    }

    /// Sends a request that may have several replies.
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// use futures_util::StreamExt;
    ///
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// let mut prices = client.send_stream::<_, f64>("prices.watch", "BTC").await?;
    /// while let Some(price) = prices.next().await {
    ///     println!("{}", price?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send), either at once or as an item. An error of
    /// the peer is the last item; a reply that is no `TRes` need not be.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send); the same goes for dropping the stream.
    pub async fn send_stream<TReq, TRes>(
        &self,
        pattern: &str,
        payload: &TReq,
    ) -> Result<ReplyStream<TRes>, TransportError>
    where
        TReq: Serialize + Send + Sync + ?Sized,
        TRes: for<'de> Deserialize<'de> + Send + 'static,
    {
        let message = Outgoing::new(pattern, to_json(pattern, payload)?);
        let replies = self.transport.send_stream(message).await?;
        let pattern = pattern.to_owned();
        Ok(replies
            .map(move |reply| from_json(&pattern, &reply?))
            .boxed())
    }

    /// Ends the connections; the next message makes new ones.
    ///
    /// ```no_run
    /// # async fn example(client: nestrs_microservices::ClientProxy) {
    /// client.close().await;
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave connections open.
    pub async fn close(&self) {
        self.transport.close().await;
    }
}

impl fmt::Debug for ClientProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientProxy").finish_non_exhaustive()
    }
}

fn to_json<T: Serialize + ?Sized>(pattern: &str, payload: &T) -> Result<Bytes, TransportError> {
    serde_json::to_vec(payload)
        .map(Bytes::from)
        .map_err(|error| {
            let message = format!("the payload for `{pattern}` is no JSON: {error}");
            TransportError::of_kind(ErrorKind::InvalidPayload, message)
        })
}

fn from_json<T: DeserializeOwned>(pattern: &str, json: &[u8]) -> Result<T, TransportError> {
    decode(json, || {
        let asked = std::any::type_name::<T>();
        format!("the reply to `{pattern}` is no `{asked}`")
    })
}

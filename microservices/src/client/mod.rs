//! [`ClientProxy`]: how messages are sent, and where a message's path ends:
//! the reply's bytes become the type the caller asked for.
//!
//! The next file on a message's path is `nestrs-core`'s
//! [`in_flight`](nestrs_core::in_flight), where the reply was awaited.

mod config;
mod interceptor;
mod message;
mod module;
mod service;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::dispatch::BoxStream;
use nestrs_core::{ErrorKind, Headers, StatusStream, Transport, TransportError, packet};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use config::ClientConfig;
pub use interceptor::ClientInterceptor;
pub use message::ClientMessage;
pub use module::ClientsModule;
pub use service::ClientsService;

use crate::payload::decode;
use interceptor::Intercepted;

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
    /// Dropping the future forgets the request. Where transport and peer can
    /// tell, as between nestrs peers over TCP, its handler is stopped; else it
    /// runs all the same.
    pub async fn send<TReq, TRes>(
        &self,
        pattern: &str,
        payload: &TReq,
    ) -> Result<TRes, TransportError>
    where
        TReq: Serialize + Send + Sync + ?Sized,
        TRes: for<'de> Deserialize<'de> + Send,
    {
        self.message(pattern, payload).send().await
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
        self.message(pattern, payload).emit().await
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
        self.message(pattern, payload).send_stream().await
    }

    /// A message with options of its own, to be sent as a request or as an
    /// event: see [`ClientMessage`].
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// client.message("user.created", "Ada").header("tenant", "acme").emit().await
    /// # }
    /// ```
    pub fn message<'a, TReq: Serialize + Send + Sync + ?Sized>(
        &'a self,
        pattern: &'a str,
        payload: &'a TReq,
    ) -> ClientMessage<'a, TReq> {
        ClientMessage {
            client: self,
            pattern,
            payload,
            timeout: None,
            headers: Headers::new(),
            record: None,
        }
    }

    /// The same client with an interceptor around each of its messages. Of
    /// several the one added last sees a message first.
    ///
    /// ```
    /// use nestrs_core::Outgoing;
    /// use nestrs_microservices::{ClientInterceptor, ClientProxy, TransportError, async_trait};
    ///
    /// struct Tenant(&'static str);
    ///
    /// #[async_trait]
    /// impl ClientInterceptor for Tenant {
    ///     async fn prepare(&self, message: &mut Outgoing<'_>) -> Result<(), TransportError> {
    ///         message.headers.insert("tenant", self.0);
    ///         Ok(())
    ///     }
    /// }
    ///
    /// fn for_acme(client: ClientProxy) -> ClientProxy {
    ///     client.with_interceptor(Tenant("acme"))
    /// }
    /// ```
    #[must_use]
    pub fn with_interceptor(self, interceptor: impl ClientInterceptor) -> Self {
        let next = self.transport;
        Self::new(Arc::new(Intercepted::new(interceptor, next)))
    }

    /// The same client over another transport: its interceptors and its
    /// timeout stay.
    ///
    /// ```
    /// # use nestrs_microservices::{ClientProxy, Transport};
    /// # use std::sync::Arc;
    /// fn without_broker(billing: &ClientProxy, mock: Arc<dyn Transport>) -> ClientProxy {
    ///     billing.over(mock)
    /// }
    /// ```
    #[must_use]
    pub fn over(&self, transport: Arc<dyn Transport>) -> Self {
        Self::new(self.transport.around(transport))
    }

    /// Connects now instead of with the first message.
    ///
    /// ```no_run
    /// # use nestrs_microservices::{ClientProxy, TransportError};
    /// # async fn example(client: ClientProxy) -> Result<(), TransportError> {
    /// client.connect().await
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When no connection could be made in time.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn connect(&self) -> Result<(), TransportError> {
        self.transport.connect().await
    }

    /// What the connection is doing: first what it is, then each change, until
    /// the last clone of this client is gone.
    ///
    /// ```no_run
    /// # async fn example(client: nestrs_microservices::ClientProxy) {
    /// let mut status = client.status();
    /// while let Some(status) = status.next().await {
    ///     println!("billing is {status}");
    /// }
    /// # }
    /// ```
    pub fn status(&self) -> StatusStream {
        self.transport.status()
    }

    /// What the transport itself sends through at the moment, if that is a
    /// `T`: NestJS's `unwrap`. The transport's documentation names the type.
    ///
    #[cfg_attr(feature = "tcp", doc = "```no_run")]
    #[cfg_attr(not(feature = "tcp"), doc = "```ignore")]
    /// use nestrs_transport_tcp::TcpConnection;
    ///
    /// # fn example(client: nestrs_microservices::ClientProxy) {
    /// if let Some(tcp) = client.driver::<TcpConnection>() {
    ///     println!("connected to {}", tcp.peer);
    /// }
    /// # }
    /// ```
    pub fn driver<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.transport.driver()?.downcast().ok()
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
    packet::to_json(payload).map_err(|error| {
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

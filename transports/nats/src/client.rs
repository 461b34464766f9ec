//! The calling side: one connection for all calls, made by the first.
//!
//! The next file on a call's path is `session.rs`.

use std::any::Any;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, ErrorKind, Headers, Outgoing, Replies, StartError, StatusStream, Transport,
    TransportError,
};
use serde_json::Value;

use crate::NatsBroker;
use crate::link::{LastFailure, lock, not_connected};
use crate::session::Session;

/// A NATS client's options.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_nats::NatsTransportOptions;
///
/// assert_eq!(NatsTransportOptions::default().broker.servers, ["nats://127.0.0.1:4222"]);
/// let options = NatsTransportOptions::new("nats://nats.internal:4222")
///     .request_timeout(Duration::from_secs(2))
///     .header("app", "shop");
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct NatsTransportOptions {
    /// Where the broker is, and how to get in.
    pub broker: NatsBroker,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is told:
    /// its handlers have it as their deadline.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
    /// What every message has beside its payload, under its own headers.
    pub headers: Headers,
}

impl Default for NatsTransportOptions {
    fn default() -> Self {
        Self::new(NatsBroker::default())
    }
}

impl NatsTransportOptions {
    /// Options to call services by way of `broker`, which may be its address.
    pub fn new(broker: impl Into<NatsBroker>) -> Self {
        Self {
            broker: broker.into(),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            headers: Headers::new(),
        }
    }

    /// How long a call waits for its reply.
    #[must_use]
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.request_timeout = timeout;
        self
    }

    /// How long a call waits for a connection.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// A header of every message.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name, value);
        self
    }
}

/// A NATS client. Clones share its connection, which is closed with the last,
/// once what was emitted is written. Its [`driver`](Transport::driver) is an
/// [`async_nats::Client`].
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_nats::{NatsTransport, NatsTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = NatsTransport::new(NatsTransportOptions::default());
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct NatsTransport {
    client: Arc<Client>,
}

impl NatsTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: NatsTransportOptions) -> Self {
        Self {
            client: Arc::new(Client {
                address: options.broker.address(),
                options,
                session: Mutex::default(),
                connecting: tokio::sync::Mutex::default(),
                last_failure: LastFailure::default(),
                status: Arc::default(),
            }),
        }
    }
}

#[async_trait]
impl Transport for NatsTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let client = &self.client;
        let call = pin!(async {
            client
                .session()
                .await?
                .send(&message, &client.options)
                .await
        });
        client.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let client = &self.client;
        let call = pin!(async {
            client
                .session()
                .await?
                .emit(&message, &client.options)
                .await
        });
        client.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let client = &self.client;
        let call = pin!(async {
            client
                .session()
                .await?
                .send_stream(&message, &client.options)
                .await
        });
        client.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.client.session().await.map(drop)
    }

    async fn close(&self) {
        let session = lock(&self.client.session).take();
        if let Some(session) = session {
            self.client.status.set(ClientStatus::Disconnected);
            session.close().await;
        }
    }

    fn status(&self) -> StatusStream {
        self.client.status.watch()
    }

    /// The [`async_nats::Client`] there is.
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(self.client.current()?.link.driver.clone()))
    }
}

/// What the clones of a client share.
struct Client {
    options: NatsTransportOptions,
    address: String,
    session: Mutex<Option<Arc<Session>>>,
    /// Held by the one call that connects for all of them.
    connecting: tokio::sync::Mutex<()>,
    last_failure: LastFailure,
    status: Arc<StatusSource>,
}

impl Client {
    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        // Pinned, for it is large: it would be moved from here to there.
        call: Pin<&mut impl Future<Output = Result<T, TransportError>>>,
    ) -> Result<T, TransportError> {
        in_time(message, self.options.request_timeout, &self.address, call).await
    }

    fn current(&self) -> Option<Arc<Session>> {
        let current = lock(&self.session).clone();
        current.filter(|session| session.is_open())
    }

    /// The connection there is, once it is up, or a new one.
    async fn session(&self) -> Result<Arc<Session>, TransportError> {
        if let Some(session) = self.current().filter(|session| session.link.is_up()) {
            return Ok(session);
        }
        let limit = self.options.connect_timeout;
        // On the heap: it is large, and part of every call.
        match tokio::time::timeout(limit, Box::pin(self.connect())).await {
            Ok(Ok(session)) => Ok(session),
            Ok(Err(error)) => Err(TransportError::of_kind(
                ErrorKind::Connect,
                error.to_string(),
            )),
            Err(_) => Err(not_connected(&self.address, limit, &self.last_failure)),
        }
    }

    async fn connect(&self) -> Result<Arc<Session>, StartError> {
        let _connecting = self.connecting.lock().await;
        // Another call may have connected while this one waited.
        if let Some(session) = self.current() {
            session.link.until_up().await;
            return Ok(session);
        }
        let session = Session::open(&self.options, &self.last_failure, &self.status).await?;
        *lock(&self.session) = Some(session.clone());
        Ok(session)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .field("connected", &self.current().is_some())
            .finish_non_exhaustive()
    }
}

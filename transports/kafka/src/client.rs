//! The calling side: one session for all calls, made by the first.
//!
//! The next file on a call's path is `session.rs`.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::{ErrorKind, Outgoing, Replies, StatusStream, Transport, TransportError};
use serde_json::Value;

use crate::MAX_MESSAGE_SIZE;
use crate::broker::KafkaConnection;
use crate::link::Link;
use crate::session::Session;
use crate::topics::KafkaTopics;

/// A Kafka client's options.
///
/// ```
/// use nestrs_transport_kafka::KafkaTransportOptions;
/// use std::time::Duration;
///
/// let options = KafkaTransportOptions {
///     linger: Duration::from_millis(5),
///     ..KafkaTransportOptions::new("localhost:9092")
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct KafkaTransportOptions {
    /// Where the brokers are.
    pub connection: KafkaConnection,
    /// What topics of replies are like that are not there yet. Without it the
    /// broker creates them as it does by itself, if it does.
    pub create_topics: Option<KafkaTopics>,
    /// How long a record waits for others that go out with it; not at all
    /// unless told otherwise, other than for those before it.
    pub linger: Duration,
    /// How large what goes out together may be, in bytes; 1 MB unless told
    /// otherwise.
    pub batch_size: usize,
    /// How long a record is tried to be sent, 10 s unless told otherwise;
    /// [`Duration::MAX`] is for ever.
    pub delivery_timeout: Duration,
    /// The largest record that is sent, in bytes; 1 MB unless told otherwise,
    /// which is what brokers take by default.
    pub max_message_size: usize,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is told,
    /// and does not begin later.
    pub request_timeout: Duration,
    /// How long a call waits for a broker, which is tried for again and again
    /// meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for KafkaTransportOptions {
    fn default() -> Self {
        Self::new(KafkaConnection::default())
    }
}

impl KafkaTransportOptions {
    /// Options to send through a cluster (`"localhost:9092"`).
    pub fn new(connection: impl Into<KafkaConnection>) -> Self {
        Self {
            connection: connection.into(),
            create_topics: None,
            linger: Duration::ZERO,
            batch_size: 1_000_000,
            delivery_timeout: Duration::from_secs(10),
            max_message_size: MAX_MESSAGE_SIZE,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }

    /// The same, with topics of replies created that are not there.
    #[must_use]
    pub fn create_topics(mut self, like: KafkaTopics) -> Self {
        self.create_topics = Some(like);
        self
    }
}

/// A Kafka client. Clones share its connections, which are closed with the last.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_kafka::{KafkaTransport, KafkaTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = KafkaTransport::new(KafkaTransportOptions::new("localhost:9092"));
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct KafkaTransport {
    client: Arc<Client>,
}

impl KafkaTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: KafkaTransportOptions) -> Self {
        let link = Link::new(options.connection.address());
        Self {
            client: Arc::new(Client {
                options,
                link,
                session: Mutex::default(),
            }),
        }
    }
}

#[async_trait]
impl Transport for KafkaTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let call = async { self.client.connected().await?.send(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let call = async { self.client.connected().await?.emit(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let call = async { self.client.connected().await?.send_stream(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.client.connected().await.map(drop)
    }

    async fn close(&self) {
        let session = lock(&self.client.session).take();
        if let Some(session) = session {
            session.close().await;
        }
        self.client.link.is_closed();
    }

    fn status(&self) -> StatusStream {
        self.client.link.status().watch()
    }

    /// The [`KafkaProducer`](crate::KafkaProducer) there is.
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let session = lock(&self.client.session).clone()?;
        Some(Arc::new(session.producer().clone()))
    }
}

/// What the clones of a client share.
struct Client {
    options: KafkaTransportOptions,
    link: Link,
    session: Mutex<Option<Arc<Session>>>,
}

impl Client {
    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        in_time(message, self.options.request_timeout, "Kafka", call).await
    }

    /// The session, once a broker is there.
    async fn connected(&self) -> Result<Arc<Session>, TransportError> {
        let session = self.session()?;
        session.connected(self.options.connect_timeout).await?;
        Ok(session)
    }

    fn session(&self) -> Result<Arc<Session>, TransportError> {
        let mut session = lock(&self.session);
        if let Some(session) = &*session {
            return Ok(session.clone());
        }
        let invalid = |why| TransportError::of_kind(ErrorKind::Connect, why);
        let opened = Session::open(&self.options, self.link.clone()).map_err(invalid)?;
        *session = Some(opened.clone());
        Ok(opened)
    }
}

/// No code that can panic runs under the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

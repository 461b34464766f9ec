//! The calling side: one connection for all calls, made by the first and made
//! again by the next after it broke.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, send_json_as_bytes};
use nestrs_core::extras::Extras;
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::{ReplyPacket, write_event, write_request};
use nestrs_core::{ErrorKind, Outgoing, Replies, Transport, TransportError};
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::frames::{Frames, ReadError};
use crate::outbox::{Closed, Outbox};
use crate::socket::{self, Halves};
use crate::{DEFAULT_ADDR, TcpLimits};

const FIRST_RETRY: Duration = Duration::from_millis(20);
const LAST_RETRY: Duration = Duration::from_secs(2);

/// A TCP client's options.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_tcp::TcpTransportOptions;
///
/// assert_eq!(TcpTransportOptions::default().addr, "127.0.0.1:3001");
/// let options = TcpTransportOptions {
///     request_timeout: Duration::from_secs(2),
///     ..TcpTransportOptions::new("orders.internal:3001")
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct TcpTransportOptions {
    /// Where the server listens, `host:port`.
    pub addr: String,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
    /// What the connection may cost.
    pub limits: TcpLimits,
    /// Connect through TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::TlsClientOptions>,
}

impl Default for TcpTransportOptions {
    fn default() -> Self {
        Self::new(DEFAULT_ADDR)
    }
}

impl TcpTransportOptions {
    /// Options to connect to `addr`, a `host:port` or a
    /// [`SocketAddr`](std::net::SocketAddr).
    pub fn new(addr: impl ToString) -> Self {
        Self {
            addr: addr.to_string(),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            limits: TcpLimits::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

/// A TCP client. Clones share its connection, which is closed with the last.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_tcp::{TcpTransport, TcpTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = TcpTransport::new(TcpTransportOptions::new("127.0.0.1:3001"));
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct TcpTransport {
    client: Arc<Client>,
}

impl TcpTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: TcpTransportOptions) -> Self {
        let client = Client {
            options,
            connection: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
            last_failure: Mutex::default(),
        };
        Self {
            client: Arc::new(client),
        }
    }
}

#[async_trait]
impl Transport for TcpTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        self.client
            .in_time(&message, async {
                let connection = self.client.connection().await?;
                let pending = connection.in_flight.one()?;
                connection
                    .push_request(pending.id(), &message, message.timeout)
                    .await?;
                pending.await
            })
            .await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        self.client
            .in_time(&message, async {
                let connection = self.client.connection().await?;
                let outbox = &connection.outbox;
                let pattern = json_string(message.pattern);
                let sent = async {
                    outbox.room().await?;
                    let metadata = Extras::default().metadata(&message.headers);
                    let end = write_event(
                        pattern.as_bytes(),
                        &message.payload,
                        metadata.as_deref(),
                        |parts| outbox.push(parts),
                    )?;
                    outbox.flushed(end).await
                };
                sent.await.map_err(|Closed| connection.lost())
            })
            .await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        self.client
            .in_time(&message, async {
                let connection = self.client.connection().await?;
                let pending = connection.in_flight.many()?;
                connection
                    .push_request(pending.id(), &message, None)
                    .await?;
                Ok(Box::pin(pending) as Replies)
            })
            .await
    }

    async fn close(&self) {
        if let Some(connection) = self.client.current() {
            connection.outbox.finish();
            connection.in_flight.fail(connection_closed());
        }
    }
}

struct Client {
    options: TcpTransportOptions,
    connection: Mutex<Option<Arc<Connection>>>,
    /// Held by the one call that connects for all of them.
    connecting: tokio::sync::Mutex<Retry>,
    last_failure: Mutex<Option<String>>,
}

/// When the next attempt may be made.
#[derive(Default)]
struct Retry {
    not_before: Option<Instant>,
    delay: Duration,
}

impl Retry {
    async fn wait(&self) {
        if let Some(not_before) = self.not_before {
            tokio::time::sleep_until(not_before).await;
        }
    }

    fn failed(&mut self) {
        self.delay = (self.delay * 2).clamp(FIRST_RETRY, LAST_RETRY);
        self.not_before = Some(Instant::now() + self.delay);
    }
}

impl Client {
    /// How long a message is waited for.
    fn limit(&self, message: &Outgoing<'_>) -> Duration {
        message.timeout.unwrap_or(self.options.request_timeout)
    }

    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let limit = self.limit(message);
        tokio::time::timeout(limit, call).await.unwrap_or_else(|_| {
            let (addr, pattern) = (&self.options.addr, message.pattern);
            let message = format!("no reply to {pattern:?} from {addr} within {limit:?}");
            Err(TransportError::of_kind(ErrorKind::Timeout, message))
        })
    }

    /// The connection there is.
    fn current(&self) -> Option<Arc<Connection>> {
        let current = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        current.filter(|connection| connection.outbox.is_open())
    }

    /// The connection there is, or a new one.
    async fn connection(&self) -> Result<Arc<Connection>, TransportError> {
        if let Some(connection) = self.current() {
            return Ok(connection);
        }
        let limit = self.options.connect_timeout;
        tokio::time::timeout(limit, self.connect())
            .await
            .map_err(|_| {
                let why = self
                    .last_failure
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .clone();
                let why = why.unwrap_or_else(|| "no answer".to_owned());
                let addr = &self.options.addr;
                let message = format!("cannot connect to {addr} within {limit:?}: {why}");
                TransportError::of_kind(ErrorKind::Connect, message)
            })
    }

    async fn connect(&self) -> Arc<Connection> {
        let mut retry = self.connecting.lock().await;
        loop {
            // Another call may have connected while this one waited.
            if let Some(connection) = self.current() {
                return connection;
            }
            retry.wait().await;
            match self.open().await {
                Ok(halves) => {
                    *retry = Retry::default();
                    let connection = Connection::start(halves, &self.options);
                    *self
                        .connection
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(connection.clone());
                    return connection;
                }
                Err(error) => {
                    tracing::debug!(addr = %self.options.addr, %error, "cannot connect");
                    *self
                        .last_failure
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                    retry.failed();
                }
            }
        }
    }

    async fn open(&self) -> std::io::Result<Halves> {
        let stream = TcpStream::connect(&self.options.addr).await?;
        socket::set_nodelay(&stream);
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.options.tls {
            return crate::tls::connect(tls, &self.options.addr, stream).await;
        }
        Ok(socket::plain(stream))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(connection) = self.current() {
            connection.outbox.finish();
        }
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

struct Connection {
    outbox: Arc<Outbox>,
    in_flight: InFlight,
    /// Why it ended, if it has.
    lost: Mutex<Option<TransportError>>,
}

impl Connection {
    fn start((reader, writer): Halves, options: &TcpTransportOptions) -> Arc<Self> {
        let connection = Arc::new(Self {
            outbox: Outbox::new(options.limits.max_send_buffer_size),
            in_flight: InFlight::default(),
            lost: Mutex::default(),
        });
        let writing = connection.clone();
        tokio::spawn(async move {
            if writing.outbox.write_to(writer).await.is_err() {
                // What was not written is not answered.
                writing.end(connection_closed());
            }
        });
        let reading = EndsWithItsTask(connection.clone());
        let mut frames = Frames::new(reader, &options.limits);
        tokio::spawn(async move {
            let lost = match reading.0.read(&mut frames).await {
                Ok(()) | Err(ReadError::Io(_)) => connection_closed(),
                Err(error) => {
                    tracing::warn!(%error, "connection to the server closed");
                    let message = format!("Connection closed: {error}");
                    TransportError::of_kind(ErrorKind::ConnectionClosed, message)
                }
            };
            reading.0.end(lost);
        });
        connection
    }

    async fn read(&self, frames: &mut Frames<impl AsyncRead + Unpin>) -> Result<(), ReadError> {
        while let Some(frame) = frames.next().await? {
            let reply = ReplyPacket::parse(&frame).map_err(ReadError::Json)?;
            if let Some(id) = reply.id.as_deref().and_then(number) {
                self.in_flight.complete(id, reply);
            }
        }
        Ok(())
    }

    /// `timeout` is what the server is told: of several replies nobody knows
    /// when the last should have come.
    async fn push_request(
        &self,
        id: u64,
        message: &Outgoing<'_>,
        timeout: Option<Duration>,
    ) -> Result<(), TransportError> {
        let (pattern, id) = (json_string(message.pattern), format!("\"{id}\""));
        let metadata = Extras { timeout }.metadata(&message.headers);
        self.outbox.room().await.map_err(|Closed| self.lost())?;
        write_request(
            pattern.as_bytes(),
            &message.payload,
            metadata.as_deref(),
            id.as_bytes(),
            |parts| self.outbox.push(parts),
        )
        .map(drop)
        .map_err(|Closed| self.lost())
    }

    fn lost(&self) -> TransportError {
        let lost = self
            .lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        lost.unwrap_or_else(connection_closed)
    }

    fn end(&self, lost: TransportError) {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(lost);
        self.outbox.close();
        self.in_flight.fail(self.lost());
    }
}

/// Ends the connection when the task that reads it is gone, which may be
/// because its runtime is.
struct EndsWithItsTask(Arc<Connection>);

impl Drop for EndsWithItsTask {
    fn drop(&mut self) {
        self.0.end(connection_closed());
    }
}

/// NestJS's own words for it.
fn connection_closed() -> TransportError {
    TransportError::of_kind(ErrorKind::ConnectionClosed, "Connection closed")
}

fn json_string(text: &str) -> String {
    Value::from(text).to_string()
}

/// The number in an id of ours, `"17"`.
fn number(id: &[u8]) -> Option<u64> {
    let digits = id.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

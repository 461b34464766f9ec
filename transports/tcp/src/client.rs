//! The calling side: one connection for all calls, made by the first and made
//! again by the next after it broke.
//!
//! The next file on a call's path is `connection.rs`.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::shared_connection::SharedConnection;
use nestrs_core::{Outgoing, Replies, StatusStream, Transport, TransportError};
use serde_json::Value;
use tokio::net::TcpStream;

use crate::connection::{Connection, TcpConnection};
use crate::socket::{self, Halves};
use crate::{DEFAULT_ADDR, TcpLimits};

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
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is told:
    /// its handlers have it as their deadline.
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
        Self {
            client: Arc::new(Client {
                connection: SharedConnection::new(&options.addr, options.connect_timeout),
                options,
            }),
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
        let call = async { self.client.connection().await?.send(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let call = async { self.client.connection().await?.emit(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let call = async { self.client.connection().await?.send_stream(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.client.connection().await.map(drop)
    }

    async fn close(&self) {
        if let Some(connection) = self.client.connection.current() {
            connection.finish();
            self.client.connection.disconnected(&connection);
        }
    }

    fn status(&self) -> StatusStream {
        self.client.connection.status()
    }

    /// The [`TcpConnection`] there is.
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let TcpConnection { local, peer } = self.client.connection.current()?.ends;
        Some(Arc::new(TcpConnection { local, peer }))
    }
}

/// What the clones of a client share.
pub(crate) struct Client {
    pub(crate) options: TcpTransportOptions,
    pub(crate) connection: SharedConnection<Connection>,
}

impl Client {
    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let (limit, addr) = (self.options.request_timeout, &self.options.addr);
        in_time(message, limit, addr, call).await
    }

    /// The connection there is, or a new one.
    async fn connection(self: &Arc<Self>) -> Result<Arc<Connection>, TransportError> {
        let open = || async {
            let (halves, ends) = self.open().await?;
            Ok(Connection::start(halves, ends, self))
        };
        self.connection.get(open).await
    }

    async fn open(&self) -> std::io::Result<(Halves, TcpConnection)> {
        let stream = TcpStream::connect(&self.options.addr).await?;
        let (local, peer) = (stream.local_addr()?, stream.peer_addr()?);
        socket::set_nodelay(&stream);
        #[cfg(feature = "tls")]
        let halves = match &self.options.tls {
            Some(tls) => crate::tls::connect(tls, &self.options.addr, stream).await?,
            None => socket::plain(stream),
        };
        #[cfg(not(feature = "tls"))]
        let halves = socket::plain(stream);
        Ok((halves, TcpConnection { local, peer }))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.current() {
            connection.let_finish();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

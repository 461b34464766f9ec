//! The calling side: patterns over a [`GrpcChannel`].
//!
//! The next file on a call's path is `channel.rs`.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::{ErrorKind, Outgoing, Replies, StatusStream, Transport, TransportError};
use prost::Message as _;
use serde_json::Value;
use tonic::Request;
use tonic::codec::CompressionEncoding::Gzip;

use crate::channel::GrpcChannel;
use crate::limits::{GrpcKeepAlive, GrpcLimits};
use crate::proto::Message;
use crate::proto::patterns_client::PatternsClient;
use crate::{DEFAULT_ADDR, deadline, metadata, status};

/// A gRPC client's options.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_grpc::GrpcTransportOptions;
///
/// assert_eq!(GrpcTransportOptions::default().addr, "127.0.0.1:5000");
/// let options = GrpcTransportOptions {
///     request_timeout: Duration::from_secs(2),
///     ..GrpcTransportOptions::new("http://orders.internal:5000")
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct GrpcTransportOptions {
    /// Where the server listens: `host:port`, `http://host:port`, or
    /// `https://host:port` for TLS.
    pub addr: String,
    /// How long a call by pattern waits for its reply, connecting included; 10 s
    /// unless told otherwise. [`Duration::MAX`] waits for ever. The server is
    /// told: its handlers have it as their deadline. Calls of generated clients
    /// have the deadlines they are given.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
    /// What a message may cost.
    pub limits: GrpcLimits,
    /// Pings a server that says nothing; not unless told so, for many servers
    /// end the connection of a client that pings them more often than every
    /// five minutes.
    pub keep_alive: Option<GrpcKeepAlive>,
    /// Packs requests with gzip; not unless told so. What the server packs is
    /// always taken.
    pub compression: bool,
    /// Connect through TLS.
    #[cfg(feature = "tls")]
    pub tls: Option<nestrs_core::tls::TlsClientOptions>,
}

impl Default for GrpcTransportOptions {
    fn default() -> Self {
        Self::new(DEFAULT_ADDR)
    }
}

impl GrpcTransportOptions {
    /// Options to connect to `addr`, a `host:port`, a URL or a
    /// [`SocketAddr`](std::net::SocketAddr).
    pub fn new(addr: impl ToString) -> Self {
        Self {
            addr: addr.to_string(),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            limits: GrpcLimits::default(),
            keep_alive: None,
            compression: false,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// How to connect there through TLS, if at all.
    #[cfg(feature = "tls")]
    pub(crate) fn tls_for(
        &self,
        address: &crate::address::Address,
    ) -> Option<nestrs_core::tls::TlsClientOptions> {
        let by_default = || address.is_tls().then(Default::default);
        self.tls.clone().or_else(by_default)
    }
}

/// A gRPC client. Clones share its connection, which is closed with the last.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_grpc::{GrpcTransport, GrpcTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = GrpcTransport::new(GrpcTransportOptions::new("127.0.0.1:5000"));
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct GrpcTransport {
    channel: GrpcChannel,
    patterns: PatternsClient<GrpcChannel>,
}

impl GrpcTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: GrpcTransportOptions) -> Self {
        let channel = GrpcChannel::new(options);
        let options = channel.options();
        let mut patterns = PatternsClient::new(channel.clone())
            .max_decoding_message_size(options.limits.max_receive_message_size)
            .accept_compressed(Gzip);
        if options.compression {
            patterns = patterns.send_compressed(Gzip);
        }
        Self { channel, patterns }
    }

    /// What it sends through, for generated clients to share.
    pub fn channel(&self) -> &GrpcChannel {
        &self.channel
    }

    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let options = self.channel.options();
        in_time(message, options.request_timeout, &options.addr, call).await
    }

    /// The call that carries a message, waited for no longer than `timeout`.
    fn call(
        &self,
        message: &Outgoing<'_>,
        timeout: Option<Duration>,
    ) -> Result<Request<Message>, TransportError> {
        let carried = Message {
            pattern: message.pattern.to_owned(),
            payload: message.payload.clone(),
        };
        let (size, limit) = (
            carried.encoded_len(),
            self.channel.options().limits.max_send_message_size,
        );
        if size > limit {
            let why = format!("the message has {size} bytes, `max_send_message_size` is {limit}");
            return Err(TransportError::of_kind(ErrorKind::PayloadTooLarge, why));
        }
        let mut call = Request::new(carried);
        metadata::write(&message.headers, call.metadata_mut());
        let timeout = timeout.and_then(deadline::text);
        if let Some(timeout) = timeout.and_then(|text| text.parse().ok()) {
            call.metadata_mut().insert(deadline::TIMEOUT, timeout);
        }
        Ok(call)
    }
}

#[async_trait]
impl Transport for GrpcTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let timeout = message
            .timeout
            .unwrap_or(self.channel.options().request_timeout);
        let mut patterns = self.patterns.clone();
        let call = async {
            // Its time runs while it waits for a connection.
            let reply = patterns.send(self.call(&message, Some(timeout))?).await;
            Ok(reply
                .map_err(|status| status::to_error(&status))?
                .into_inner()
                .payload)
        };
        self.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let mut patterns = self.patterns.clone();
        let call = async {
            let accepted = patterns.emit(self.call(&message, None)?).await;
            accepted
                .map(drop)
                .map_err(|status| status::to_error(&status))
        };
        self.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        self.in_time(&message, self.channel.connect()).await?;
        let mut patterns = self.patterns.clone();
        // Nobody knows when the last of several replies should have come.
        let call = self.call(&message, None)?;
        let mut started = Box::pin(async move { patterns.send_stream(call).await });
        // Sends it now; its first reply comes when it comes.
        let replies = match started.as_mut().now_or_never() {
            Some(replies) => stream::iter([replies]).left_stream(),
            None => stream::once(started).right_stream(),
        };
        let replies = replies.map_ok(tonic::Response::into_inner).try_flatten();
        let items = replies.filter_map(async |reply| match reply {
            Ok(reply) => reply.payload.map(Ok),
            Err(status) => Some(Err(status::to_error(&status))),
        });
        Ok(Box::pin(items))
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.channel.connect().await
    }

    async fn close(&self) {
        self.channel.close();
    }

    fn status(&self) -> StatusStream {
        self.channel.status()
    }

    /// The [`GrpcChannel`].
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(self.channel.clone()))
    }
}

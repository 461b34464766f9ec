//! A client's HTTP/2 connection, and what its failures mean.
//!
//! The next file on a call's path is the server's `connection.rs`.

use std::error::Error;
use std::io;
use std::sync::{Arc, Weak};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper::rt::Executor;
use hyper_util::rt::{TokioIo, TokioTimer};
use nestrs_core::shared_connection::{Connection, SharedConnection};
use nestrs_core::{ErrorKind, TransportError};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic::body::Body;

use crate::address::Address;
use crate::channel::ChannelError;
use crate::client::GrpcTransportOptions;
use crate::limits::GrpcKeepAlive;
use crate::status;

/// One connection.
pub(crate) struct Link {
    requests: SendRequest<Body>,
    tasks: Tasks,
}

/// Runs what belongs to one connection, until that is closed.
#[derive(Clone, Default)]
struct Tasks(CancellationToken);

impl<F> Executor<F> for Tasks
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, task: F) {
        let closed = self.0.clone();
        tokio::spawn(async move { closed.run_until_cancelled(task).await });
    }
}

impl Connection for Link {
    fn is_open(&self) -> bool {
        !self.requests.is_closed()
    }
}

/// A request that did not come to a response.
pub(crate) enum Failure {
    /// It never left, for the connection had ended.
    Unsent(Request<Body>),
    /// It may have been received.
    Lost(ChannelError),
}

impl Link {
    /// Connects; `shared` is told when the connection ends.
    pub(crate) async fn open(
        address: &Address,
        options: &GrpcTransportOptions,
        shared: Weak<SharedConnection<Self>>,
    ) -> io::Result<Arc<Self>> {
        let stream = TcpStream::connect(address.authority.as_str()).await?;
        stream.set_nodelay(true)?;
        #[cfg(feature = "tls")]
        if let Some(tls) = options.tls_for(address) {
            let host = address.authority.host();
            let stream = tls.connect_for(&["h2"], host, stream).await?;
            return Self::over(stream, options, shared).await;
        }
        #[cfg(not(feature = "tls"))]
        if address.is_tls() {
            let why = "`addr` asks for TLS: turn on the feature `tls`";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        Self::over(stream, options, shared).await
    }

    async fn over<S>(
        stream: S,
        options: &GrpcTransportOptions,
        shared: Weak<SharedConnection<Self>>,
    ) -> io::Result<Arc<Self>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let tasks = Tasks::default();
        let mut builder = Builder::new(tasks.clone());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(options.limits.max_metadata_size);
        if let Some(GrpcKeepAlive { interval, timeout }) = options.keep_alive {
            builder
                .keep_alive_interval(interval)
                .keep_alive_timeout(timeout)
                .keep_alive_while_idle(true);
        }
        let handshake = builder.handshake(TokioIo::new(stream)).await;
        let (requests, connection) = handshake.map_err(io::Error::other)?;
        let (known, here) = tokio::sync::oneshot::channel::<Weak<Self>>();
        tasks.execute(async move {
            // Told to whoever asks for the status, however this ends.
            let _ended = Ended { shared, here };
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection to the server lost");
            }
        });
        let link = Arc::new(Self { requests, tasks });
        // An end that was too early to be told is seen by `is_open`.
        let _ = known.send(Arc::downgrade(&link));
        Ok(link)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let mut requests = self.requests.clone();
        requests
            .try_send_request(request)
            .await
            .map_err(|mut error| match error.take_message() {
                Some(request) => Failure::Unsent(request),
                None => Failure::Lost(lost(error.error())),
            })
    }

    /// Ends it: what is in flight fails.
    pub(crate) fn close(&self) {
        self.tasks.0.cancel();
    }
}

/// Tells that a connection has ended when its task is gone, which may be because
/// its runtime is.
struct Ended {
    shared: Weak<SharedConnection<Link>>,
    here: tokio::sync::oneshot::Receiver<Weak<Link>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let link = self.here.try_recv().ok().and_then(|link| link.upgrade());
        if let (Some(link), Some(shared)) = (link, self.shared.upgrade()) {
            shared.disconnected(&link);
        }
    }
}

/// What it means for a call that its stream or its connection failed.
pub(crate) fn lost(error: &(dyn Error + 'static)) -> ChannelError {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(h2) = error.downcast_ref::<h2::Error>()
            && let Some(reason) = h2.reason()
            && h2.is_reset()
        {
            return ChannelError::new(reset(reason));
        }
        source = error.source();
    }
    ChannelError::new(TransportError::connection_closed())
}

/// As gRPC has it, for servers that end a call without a status.
fn reset(reason: h2::Reason) -> TransportError {
    let code = match reason {
        h2::Reason::REFUSED_STREAM => {
            let why = "the server takes no more calls";
            return TransportError::of_kind(ErrorKind::Unavailable, why);
        }
        h2::Reason::CANCEL => Code::Cancelled,
        h2::Reason::ENHANCE_YOUR_CALM => Code::ResourceExhausted,
        h2::Reason::INADEQUATE_SECURITY => Code::PermissionDenied,
        _ => Code::Internal,
    };
    let why = format!("the server ended the call: {}", reason.description());
    status::to_error(&tonic::Status::new(code, why))
}

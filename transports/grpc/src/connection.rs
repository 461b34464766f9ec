//! One connection of a server: HTTP/2, or what HTTP/1.1 it is asked for.
//!
//! The next file on a message's path is `calls.rs`.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use nestrs_core::Shutdown;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

use crate::calls::Calls;
use crate::limits::{GrpcKeepAlive, GrpcLimits};

/// How many calls a connection takes at least.
const MIN_STREAMS: usize = 256;
/// How long clients of HTTP/1.1 have to hear with an answer that they should
/// close: what is on its way when an idle connection is closed is lost to them.
const LINGER: Duration = Duration::from_millis(100);

/// How long a client has to take its last answers and to close the connection,
/// once a server that stops has nothing more for it.
const FAREWELL: Duration = Duration::from_secs(3);

/// What all connections of a server are.
pub(crate) struct Connections {
    pub(crate) builder: auto::Builder<TokioExecutor>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) shutdown: Shutdown,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<tokio_rustls::TlsAcceptor>,
}

/// HTTP as the options have it.
pub(crate) fn builder(
    limits: &GrpcLimits,
    keep_alive: Option<GrpcKeepAlive>,
    max_in_flight: usize,
) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    let mut http2 = builder.http2();
    http2
        .timer(TokioTimer::new())
        // More than are in hand only wait, but who opens more than are taken is
        // refused: clients open so many before they have heard of a limit.
        .max_concurrent_streams(u32::try_from(max_in_flight.max(MIN_STREAMS)).unwrap_or(u32::MAX))
        .max_header_list_size(limits.max_metadata_size);
    if let Some(GrpcKeepAlive { interval, timeout }) = keep_alive {
        http2
            .keep_alive_interval(interval)
            .keep_alive_timeout(timeout);
    }
    builder
}

impl Connections {
    /// Serves until the peer closes, or the server stops and what this
    /// connection has in hand is answered.
    pub(crate) async fn serve<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (calls, in_hand) = (self.calls.clone(), TaskTracker::new());
        let tokens = in_hand.clone();
        let service =
            service_fn(move |request| calls.clone().answer(request, peer, tokens.token()));
        let connection = self
            .builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        let served = async {
            tokio::select! {
                biased;
                () = self.shutdown.stopping() => {}
                ended = connection.as_mut() => return ended,
            }
            if self.calls.http.is_some()
                && let Ok(ended) = timeout(LINGER, connection.as_mut()).await
            {
                return ended;
            }
            // Tells the peer to send no more, and answers what it has sent.
            connection.as_mut().graceful_shutdown();
            in_hand.close();
            tokio::select! {
                ended = connection => ended,
                () = said_all(&in_hand) => Ok(()),
            }
        };
        tokio::select! {
            biased;
            () = self.shutdown.aborting() => {}
            ended = served => if let Err(error) = ended {
                tracing::debug!(%peer, %error, "connection lost");
            },
        }
    }
}

/// Waits until a peer had its answers, and the time to close as it was told to:
/// one that is stuck does not hold up the stop.
async fn said_all(in_hand: &TaskTracker) {
    loop {
        in_hand.wait().await;
        sleep(FAREWELL).await;
        if in_hand.is_empty() {
            break;
        }
    }
}

//! Connections that end when the application gives up.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use nestrs_core::Shutdown;
use nestrs_core::dispatch::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// How long connections that are open have to end by themselves.
const LINGER: Duration = Duration::from_millis(100);

/// Accepts connections that end with an abort.
///
/// axum runs each connection in a task of its own, out of reach; a connection
/// that breaks, though, takes the requests that are in hand with it.
pub(super) struct AbortableListener {
    /// Until it stops.
    listener: Option<TcpListener>,
    local_addr: SocketAddr,
    shutdown: Shutdown,
    closed: CancellationToken,
    connections: TaskTracker,
}

impl AbortableListener {
    pub(super) fn new(listener: TcpListener, shutdown: Shutdown) -> io::Result<Self> {
        Ok(Self {
            local_addr: listener.local_addr()?,
            listener: Some(listener),
            shutdown,
            closed: CancellationToken::new(),
            connections: TaskTracker::new(),
        })
    }

    /// Waits until connections that are idle are to be closed. By then nobody
    /// new comes in, and whoever has one open has been told not to use it again,
    /// if there was an answer to tell it with: closing it at once would lose
    /// what is on its way.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let (closed, connections) = (self.closed.clone(), self.connections.clone());
        async move {
            closed.cancelled().await;
            connections.close();
            let _ended = tokio::time::timeout(LINGER, connections.wait()).await;
        }
    }

    /// The next connection. Once it stops, those that the operating system has
    /// accepted before are still taken, for it resets them with the listener.
    async fn accepted(&mut self) -> (TcpStream, SocketAddr) {
        while let Some(listener) = &mut self.listener {
            tokio::select! {
                biased;
                accepted = Listener::accept(listener) => return accepted,
                () = self.shutdown.stopping() => {
                    self.listener = None;
                    self.closed.cancel();
                }
            }
        }
        std::future::pending().await
    }
}

impl Listener for AbortableListener {
    type Io = Abortable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Abortable, SocketAddr) {
        let (stream, peer) = self.accepted().await;
        let shutdown = self.shutdown.clone();
        let aborting: BoxFuture<'static, ()> = Box::pin(async move { shutdown.aborting().await });
        let connection = Abortable {
            stream,
            aborting: Some(aborting),
            _open: self.connections.token(),
        };
        (connection, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.local_addr)
    }
}

/// A connection that breaks with an abort.
pub(super) struct Abortable {
    stream: TcpStream,
    /// `None` once it is ready: a future is not to be polled again.
    aborting: Option<BoxFuture<'static, ()>>,
    _open: TaskTrackerToken,
}

impl Abortable {
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if let Some(aborting) = &mut self.aborting
            && aborting.as_mut().poll(cx).is_pending()
        {
            return Ok(());
        }
        self.aborting = None;
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for Abortable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Abortable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

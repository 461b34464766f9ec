//! Connections that end when the application gives up.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::serve::Listener;
use nestrs_core::Shutdown;
use nestrs_core::dispatch::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections that end with an abort.
///
/// axum runs each connection in a task of its own, out of reach; a connection
/// that breaks, though, takes the requests that are in hand with it.
pub(super) struct AbortableListener {
    pub(super) listener: TcpListener,
    pub(super) shutdown: Shutdown,
}

impl Listener for AbortableListener {
    type Io = Abortable;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Abortable, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let shutdown = self.shutdown.clone();
        let aborting: BoxFuture<'static, ()> = Box::pin(async move { shutdown.aborting().await });
        let aborting = Some(aborting);
        (Abortable { stream, aborting }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that breaks with an abort.
pub(super) struct Abortable {
    stream: TcpStream,
    /// `None` once it is ready: a future is not to be polled again.
    aborting: Option<BoxFuture<'static, ()>>,
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

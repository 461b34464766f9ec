//! The listening side: accepts connections, turns frames into messages, and
//! writes each answer to the connection its request came from.
//!
//! The next file on a message's path is `inbox.rs`.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::Intake;
use nestrs_core::packet::Reply;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, RunningServer, Shutdown, StartError, StatusStream,
    TransportServer,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::frames::{Frames, ReadError};
use crate::inbox::{Inbox, ReadEnd};
use crate::outbox::{Closed, Outbox, Promise};
use crate::peer::{Peer, Received};
use crate::socket::{self, Halves};
use crate::{DEFAULT_ADDR, TcpLimits};

/// How long a closed connection is read on, for the peer to close too.
const LINGER: Duration = Duration::from_secs(1);
/// How long to wait after a failed accept (no file descriptors left, mostly).
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A TCP server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_tcp::TcpMicroserviceOptions;
///
/// assert_eq!(TcpMicroserviceOptions::default().addr, "127.0.0.1:3001");
/// let options = TcpMicroserviceOptions { max_in_flight: 100, ..TcpMicroserviceOptions::new("0.0.0.0:0") };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct TcpMicroserviceOptions {
    /// Where to listen, `host:port`; port 0 is a free one.
    pub addr: String,
    /// How many messages may be in hand at a time, over all connections; 4,096
    /// unless told otherwise. While that many are, no more is read than it takes
    /// to hear which of them are called off.
    pub max_in_flight: usize,
    /// What one connection may cost.
    pub limits: TcpLimits,
    /// Listen for TLS only.
    #[cfg(feature = "tls")]
    pub tls: Option<crate::TlsServerOptions>,
}

impl Default for TcpMicroserviceOptions {
    fn default() -> Self {
        Self::new(DEFAULT_ADDR)
    }
}

impl TcpMicroserviceOptions {
    /// Options to listen at `addr`, a `host:port` or a
    /// [`SocketAddr`].
    pub fn new(addr: impl ToString) -> Self {
        Self {
            addr: addr.to_string(),
            max_in_flight: 4_096,
            limits: TcpLimits::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

#[async_trait]
impl TransportServer for TcpMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "tcp"
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        #[cfg(feature = "tls")]
        let tls = self.tls.as_ref().map(crate::tls::acceptor).transpose()?;
        let bind = |source| StartError::Bind {
            address: self.addr.clone(),
            source,
        };
        let listener = TcpListener::bind(&self.addr).await.map_err(bind)?;
        let local_addr = listener.local_addr().map_err(bind)?;
        let server = Arc::new(Server {
            dispatch,
            intake: Intake::new(self.max_in_flight, shutdown),
            limits: self.limits,
            #[cfg(feature = "tls")]
            tls,
        });
        let done = tokio::spawn(server.run(listener));
        Ok(RunningServer {
            address: format!("tcp://{local_addr}"),
            local_addr: Some(local_addr),
            status: StatusStream::always(ClientStatus::Connected),
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the TCP server ended early");
                }
            }),
        })
    }
}

struct Server {
    dispatch: Arc<dyn Dispatch>,
    intake: Intake,
    limits: TcpLimits,
    #[cfg(feature = "tls")]
    tls: Option<tokio_rustls::TlsAcceptor>,
}

impl Server {
    async fn run(self: Arc<Self>, listener: TcpListener) {
        let connections = TaskTracker::new();
        loop {
            tokio::select! {
                biased;
                () = self.intake.shutdown().stopping() => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(self.clone().serve(stream, peer));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_RETRY).await;
                    }
                },
            }
        }
        drop(listener);
        connections.close();
        self.intake.drained().await;
        connections.wait().await;
    }

    async fn serve(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        socket::set_nodelay(&stream);
        let shutdown = self.intake.shutdown().clone();
        tokio::select! {
            () = async {
                if let Some((reader, writer)) = self.handshake(stream, peer).await {
                    let mut frames = Frames::new(reader, &self.limits);
                    let outbox = Outbox::new(self.limits.max_send_buffer_size);
                    let write = outbox.write_to(writer);
                    let (_, written) = tokio::join!(self.read(&mut frames, &outbox, peer), write);
                    if written.is_ok() {
                        // A peer that does not close in that time loses nothing it could still use.
                        let _ = tokio::time::timeout(LINGER, frames.discard_rest()).await;
                    }
                }
            } => {}
            () = shutdown.aborting() => {}
        }
    }

    #[cfg(not(feature = "tls"))]
    async fn handshake(&self, stream: TcpStream, _: SocketAddr) -> Option<Halves> {
        Some(socket::plain(stream))
    }

    #[cfg(feature = "tls")]
    async fn handshake(&self, stream: TcpStream, peer: SocketAddr) -> Option<Halves> {
        let Some(acceptor) = &self.tls else {
            return Some(socket::plain(stream));
        };
        let handshake = crate::tls::within(crate::tls::HANDSHAKE_TIMEOUT, acceptor.accept(stream));
        let shaken = tokio::select! {
            biased;
            // Nothing is in hand yet, so nothing has to be waited for.
            () = self.intake.shutdown().stopping() => return None,
            shaken = handshake => shaken,
        };
        match shaken {
            Ok(stream) => Some(socket::encrypted(stream)),
            Err(error) => {
                tracing::warn!(%peer, %error, "TLS handshake failed");
                None
            }
        }
    }

    /// Reads until there is a reason not to, and ends the outbox accordingly.
    async fn read<R>(&self, frames: &mut Frames<R>, outbox: &Arc<Outbox>, peer: SocketAddr)
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        match self.read_messages(frames, outbox, peer).await {
            ReadEnd::Eof | ReadEnd::Stopping => outbox.finish(),
            ReadEnd::Failed(ReadError::Io(error)) => {
                tracing::debug!(%peer, %error, "connection lost");
                outbox.close();
            }
            ReadEnd::Failed(error) => {
                tracing::warn!(%peer, %error, "connection closed");
                outbox.flush_and_close();
            }
        }
    }

    async fn read_messages<R>(
        &self,
        frames: &mut Frames<R>,
        outbox: &Arc<Outbox>,
        peer: SocketAddr,
    ) -> ReadEnd
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        let mut inbox = Inbox::new(frames, outbox, Peer::new(peer));
        let mut stopping = pin!(self.intake.shutdown().stopping());
        loop {
            loop {
                match inbox.arrived() {
                    Ok(Some(received)) => {
                        if let Err(end) = self.handle(received, outbox, &mut inbox).await {
                            return end;
                        }
                    }
                    Ok(None) => break,
                    Err(end) => return end,
                }
            }
            tokio::select! {
                biased;
                () = &mut stopping => return ReadEnd::Stopping,
                read = inbox.read() => if let Err(end) = read {
                    return end;
                },
            }
        }
    }

    async fn handle<R>(
        &self,
        received: Received,
        outbox: &Arc<Outbox>,
        inbox: &mut Inbox<'_, R>,
    ) -> Result<(), ReadEnd>
    where
        R: tokio::io::AsyncRead + Unpin,
    {
        let admission = match self.intake.try_admit() {
            Some(admission) => Some(admission),
            None => tokio::select! {
                biased;
                admission = self.intake.admit() => admission,
                never = inbox.look_ahead() => match never {},
            },
        };
        let Some(admission) = admission else {
            return Err(ReadEnd::Stopping);
        };
        let Received {
            message,
            id,
            call,
            has_waited,
        } = received;
        if (has_waited || admission.has_waited()) && message.context.is_over() {
            tracing::debug!("a request waited for its turn longer than its sender for the reply");
            return Ok(());
        }
        let promise = outbox.promise();
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        let answered = async move {
            let _call = call;
            let answer = answer.await;
            // The peer may be gone; what it asked for was done all the same.
            if let Some(id) = id
                && reply(answer, &id, &promise).await == Err(Closed)
            {
                tracing::debug!("the peer is gone before its reply");
            }
        };
        admission.run_until(over, answered);
        Ok(())
    }
}

async fn reply(answer: Answer, id: &[u8], outbox: &Promise) -> Result<(), Closed> {
    let mut replies = answer.into_replies();
    while let Some(reply) = replies.next().await {
        reply.write(id, |parts| outbox.push(parts))?;
        if matches!(reply, Reply::Item(_)) {
            // A stream goes no faster than its reader.
            outbox.room().await?;
        }
    }
    Ok(())
}

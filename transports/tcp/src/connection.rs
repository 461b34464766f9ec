//! One connection of a client: its calls, numbered, and the replies to them.
//!
//! The first request says that this client is one of nestrs and how long its
//! calls wait, in `metadata` that a NestJS server does not look at. A nestrs
//! server answers that with a reply of its own, to an id nobody else has; then
//! it is told about calls that are not waited for any more, those before it
//! included: see `greeting.rs`.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::{ReplyPacket, json_string, write_event, write_request};
use nestrs_core::shared_connection;
use nestrs_core::{ErrorKind, Headers, Outgoing, Replies, TransportError};
use tokio::io::AsyncRead;

use crate::client::Client;
use crate::frames::{Frames, ReadError};
use crate::greeting::Greeting;
use crate::outbox::{Closed, Outbox};
use crate::socket::Halves;

/// The two ends of a client's connection: the client's
/// [`driver`](nestrs_core::Transport::driver).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpConnection {
    /// The client's own.
    pub local: SocketAddr,
    /// The server's.
    pub peer: SocketAddr,
}

pub(crate) struct Connection {
    pub(crate) ends: TcpConnection,
    outbox: Arc<Outbox>,
    in_flight: InFlight,
    /// How long a call waits unless it says otherwise.
    request_timeout: Duration,
    greeting: Greeting,
    /// Why it ended, if it has.
    lost: OnceLock<TransportError>,
    client: Weak<Client>,
}

impl shared_connection::Connection for Connection {
    fn is_open(&self) -> bool {
        self.outbox.is_open()
    }
}

impl Connection {
    pub(crate) fn start(
        (reader, writer): Halves,
        ends: TcpConnection,
        client: &Arc<Client>,
    ) -> Arc<Self> {
        let options = &client.options;
        let connection = Arc::new(Self {
            ends,
            outbox: Outbox::new(options.limits.max_send_buffer_size),
            in_flight: InFlight::default(),
            request_timeout: options.request_timeout,
            greeting: Greeting::default(),
            lost: OnceLock::new(),
            client: Arc::downgrade(client),
        });
        let writing = connection.clone();
        tokio::spawn(async move {
            if writing.outbox.write_to(writer).await.is_err() {
                // What was not written is not answered.
                writing.end(TransportError::connection_closed());
            }
        });
        let reading = EndsWithItsTask(connection.clone());
        let mut frames = Frames::new(reader, &options.limits);
        tokio::spawn(async move {
            let lost = match reading.0.read(&mut frames).await {
                Ok(()) | Err(ReadError::Io(_)) => TransportError::connection_closed(),
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

    pub(crate) async fn send(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Option<Bytes>, TransportError> {
        let pending = self.in_flight.one()?;
        let call = pending.if_dropped(self.cancels());
        let timeout = message.timeout.filter(|own| *own != self.request_timeout);
        self.push_request(call.id(), message, timeout).await?;
        call.await
    }

    pub(crate) async fn send_stream(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Replies, TransportError> {
        let pending = self.in_flight.many()?;
        let call = pending.if_dropped(self.cancels());
        // Nobody knows when the last of several replies should have come.
        let for_ever = Some(Duration::MAX).filter(|_| self.request_timeout != Duration::MAX);
        self.push_request(call.id(), message, for_ever).await?;
        Ok(Box::pin(call))
    }

    pub(crate) async fn emit(&self, message: &Outgoing<'_>) -> Result<(), TransportError> {
        let pattern = json_string(message.pattern);
        let sent = async {
            self.outbox.room().await?;
            let metadata = Extras::default().metadata(&message.headers);
            let end = write_event(&pattern, &message.payload, metadata.as_deref(), |parts| {
                self.outbox.push(parts)
            })?;
            self.outbox.flushed(end).await
        };
        sent.await.map_err(|Closed| self.lost())
    }

    /// Ends it: what is in flight fails.
    pub(crate) fn finish(&self) {
        self.let_finish();
        self.in_flight.fail(TransportError::connection_closed());
    }

    /// Ends it once everything is written.
    pub(crate) fn let_finish(&self) {
        self.outbox.finish();
    }

    async fn push_request(
        &self,
        id: u64,
        message: &Outgoing<'_>,
        timeout: Option<Duration>,
    ) -> Result<(), TransportError> {
        let (pattern, id) = (json_string(message.pattern), format!("\"{id}\""));
        self.outbox.room().await.map_err(|Closed| self.lost())?;
        let push = |is_first: bool| {
            let extras = Extras {
                timeout,
                peer: is_first.then_some(self.request_timeout),
                ..Extras::default()
            };
            let metadata = extras.metadata(&message.headers);
            write_request(
                &pattern,
                &message.payload,
                metadata.as_deref(),
                id.as_bytes(),
                |parts| self.outbox.push(parts),
            )
        };
        let pushed = self.greeting.around(push);
        pushed.map(drop).map_err(|Closed| self.lost())
    }

    /// What tells the server that nobody waits for a call any more.
    fn cancels(self: &Arc<Self>) -> impl FnOnce(u64) + Send + Unpin + use<> {
        let connection = self.clone();
        move |id| {
            if connection.greeting.may_cancel(id) {
                connection.push_cancel(id);
            }
        }
    }

    fn push_cancel(&self, id: u64) {
        let extras = Extras {
            cancel: Some(id),
            ..Extras::default()
        };
        if let Some(metadata) = extras.metadata(&Headers::new()) {
            // On a closed connection there is nothing left to stop.
            let _ = self.outbox.push(&[b"{\"metadata\":", &metadata, b"}"]);
        }
    }

    async fn read(&self, frames: &mut Frames<impl AsyncRead + Unpin>) -> Result<(), ReadError> {
        while let Some(frame) = frames.next().await? {
            let reply = ReplyPacket::parse(&frame).map_err(ReadError::Json)?;
            let Some(id) = reply.id.as_deref().and_then(unquoted) else {
                continue;
            };
            match id.parse() {
                Ok(id) => {
                    self.in_flight.complete(id, reply);
                }
                Err(_) => {
                    let dropped = self.greeting.heard(id);
                    dropped.into_iter().for_each(|id| self.push_cancel(id));
                }
            }
        }
        Ok(())
    }

    fn lost(&self) -> TransportError {
        self.lost
            .get()
            .cloned()
            .unwrap_or_else(TransportError::connection_closed)
    }

    fn end(&self, lost: TransportError) {
        // The first reason stays.
        let _ = self.lost.set(lost);
        self.outbox.close();
        if let Some(client) = self.client.upgrade() {
            client.connection.disconnected(self);
        }
        self.in_flight.fail(self.lost());
    }
}

/// Ends the connection when the task that reads it is gone, which may be
/// because its runtime is.
struct EndsWithItsTask(Arc<Connection>);

impl Drop for EndsWithItsTask {
    fn drop(&mut self) {
        self.0.end(TransportError::connection_closed());
    }
}

/// The text of an id of ours, `"17"`.
fn unquoted(id: &[u8]) -> Option<&str> {
    std::str::from_utf8(id.strip_prefix(b"\"")?.strip_suffix(b"\"")?).ok()
}

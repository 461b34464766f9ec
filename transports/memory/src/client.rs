//! The calling side: hands messages to the server in the hub.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::future::Future;
use std::mem::take;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::json_string;
use nestrs_core::{
    Cancellation, ErrorKind, Message, MessageKind, Outgoing, Replies, StatusStream, Transport,
    TransportError,
};
use serde_json::Value;

use crate::hub::MemoryHub;
use crate::server::{Caller, Handed, Server};

/// The time until a message is taken in.
type Waiting = BoxFuture<'static, Result<(), TransportError>>;

/// An in-memory client's options.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_memory::{MemoryHub, MemoryTransportOptions};
///
/// let options = MemoryTransportOptions {
///     request_timeout: Duration::from_secs(2),
///     ..MemoryTransportOptions::new(&MemoryHub::new())
/// };
/// ```
#[derive(Debug, Clone)]
pub struct MemoryTransportOptions {
    /// Where the server listens.
    pub hub: MemoryHub,
    /// How long a call waits for its reply; 10 s unless told otherwise.
    /// [`Duration::MAX`] waits for ever.
    pub request_timeout: Duration,
    /// How long a call waits for a server to be there; 3 s unless told
    /// otherwise.
    pub connect_timeout: Duration,
}

impl MemoryTransportOptions {
    /// Options to call the server at `hub`.
    pub fn new(hub: &MemoryHub) -> Self {
        Self {
            hub: hub.clone(),
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}

/// An in-memory client. Clones share their calls, which end when one of them
/// is closed.
///
/// ```
/// use nestrs_transport_memory::{MemoryHub, MemoryTransport, MemoryTransportOptions};
///
/// let client = MemoryTransport::new(MemoryTransportOptions::new(&MemoryHub::new()));
/// ```
#[derive(Debug, Clone)]
pub struct MemoryTransport {
    options: MemoryTransportOptions,
    in_flight: Arc<Mutex<InFlight>>,
}

impl MemoryTransport {
    /// A client that looks for its server when it is used. Needs no runtime
    /// yet.
    pub fn new(options: MemoryTransportOptions) -> Self {
        Self {
            options,
            in_flight: Arc::default(),
        }
    }

    async fn server(&self) -> Result<Arc<Server>, TransportError> {
        let limit = self.options.connect_timeout;
        let server = tokio::time::timeout(limit, self.options.hub.server()).await;
        server.map_err(|_| {
            let message = format!("no server came to the `MemoryHub` within {limit:?}");
            TransportError::of_kind(ErrorKind::Connect, message)
        })
    }

    fn in_flight(&self) -> InFlight {
        self.lock().clone()
    }

    /// Sends the request of that number.
    fn request(
        &self,
        message: &mut Outgoing<'_>,
        in_flight: InFlight,
        id: u64,
        cancelled: Cancellation,
        timeout: Duration,
    ) -> Option<Waiting> {
        let mut incoming = incoming(MessageKind::Request, message);
        incoming.context.id = Some(id.to_string().into());
        incoming.context.expire_in(timeout);
        incoming.context.cancelled = cancelled.clone();
        let caller = Caller {
            in_flight,
            id,
            deadline: incoming.context.deadline,
            cancelled,
            is_answered: false,
        };
        self.hand_over(incoming, Some(caller))
    }

    /// Hands a message to the server; what is left to wait for, if there is no
    /// server yet, or no room.
    fn hand_over(&self, message: Message, caller: Option<Caller>) -> Option<Waiting> {
        let handed = Handed { message, caller };
        if let Some(server) = self.options.hub.server_now()
            && let Some(room) = server.room()
        {
            server.run(room, handed);
            return None;
        }
        let client = self.clone();
        Some(Box::pin(async move {
            client.server().await?.take(handed).await
        }))
    }

    fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> impl Future<Output = Result<T, TransportError>> {
        in_time(message, self.options.request_timeout, "memory", call)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, InFlight> {
        // No code that can panic runs under the lock.
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for MemoryTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, mut message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let timeout = message.timeout.unwrap_or(self.options.request_timeout);
        let in_flight = self.in_flight();
        let cancelled = Cancellation::new();
        let call = in_flight.one()?.if_dropped(cancels(&cancelled));
        let waiting = self.request(&mut message, in_flight, call.id(), cancelled, timeout);
        let Some(waiting) = waiting else {
            return self.in_time(&message, call).await;
        };
        let answered = async {
            waiting.await?;
            call.await
        };
        // Seldom, and not to be room in the future of every call.
        Box::pin(self.in_time(&message, answered)).await
    }

    async fn emit(&self, mut message: Outgoing<'_>) -> Result<(), TransportError> {
        match self.hand_over(incoming(MessageKind::Event, &mut message), None) {
            Some(waiting) => self.in_time(&message, waiting).await,
            None => Ok(()),
        }
    }

    async fn send_stream(&self, mut message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let in_flight = self.in_flight();
        let cancelled = Cancellation::new();
        let call = in_flight.many()?.if_dropped(cancels(&cancelled));
        // Nobody knows when the last of several replies should have come.
        let waiting = self.request(&mut message, in_flight, call.id(), cancelled, Duration::MAX);
        if let Some(waiting) = waiting {
            self.in_time(&message, waiting).await?;
        }
        Ok(Box::pin(call))
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.server().await.map(drop)
    }

    async fn close(&self) {
        let calls = take(&mut *self.lock());
        calls.fail(TransportError::connection_closed());
    }

    fn status(&self) -> StatusStream {
        self.options.hub.status()
    }
}

/// Takes payload and headers with it.
fn incoming(kind: MessageKind, message: &mut Outgoing<'_>) -> Message {
    let pattern = json_string(message.pattern);
    let mut incoming = Message::new(kind, pattern, take(&mut message.payload));
    incoming.context.transport = "memory";
    incoming.context.headers = take(&mut message.headers);
    incoming
}

fn cancels(cancelled: &Cancellation) -> impl FnOnce(u64) + Send + Unpin + use<> {
    let cancelled = cancelled.clone();
    move |_| cancelled.cancel()
}

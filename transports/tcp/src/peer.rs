//! What a server knows of the peer of one connection: its address, and if it
//! is a nestrs client, how long its calls wait and which of them it may still
//! call off.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::extras::{Extras, PEER};
use nestrs_core::packet::{Packet, Reply};
use nestrs_core::{Cancellation, Message, MessageContext, MessageKind};
use rustc_hash::FxHashMap;

use crate::outbox::Outbox;

/// What TCP knows of a message's sender: the `native` part of its context.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_tcp::TcpContext;
///
/// fn sender(context: &MessageContext) -> String {
///     match context.native::<TcpContext>() {
///         Some(tcp) => tcp.peer.to_string(),
///         None => "not over TCP".to_owned(),
///     }
/// }
/// # assert_eq!(sender(&MessageContext::new("pigeon")), "not over TCP");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TcpContext {
    /// The address the connection came from.
    pub peer: SocketAddr,
}

pub(crate) struct Peer {
    native: Arc<dyn Any + Send + Sync>,
    /// There once it said that it is a nestrs client.
    client: Option<NestrsClient>,
}

struct NestrsClient {
    /// How long its calls wait unless they say otherwise.
    timeout: Duration,
    calls: Arc<Calls>,
}

/// The requests in hand that can be called off, by number.
#[derive(Default)]
struct Calls(Mutex<FxHashMap<u64, Cancellation>>);

/// A message a peer sent.
pub(crate) struct Received {
    pub(crate) message: Message,
    /// What to answer it by.
    pub(crate) id: Option<Bytes>,
    /// To be kept until it is answered.
    pub(crate) call: Option<Call>,
    /// Whether it was read before there was room for it.
    pub(crate) has_waited: bool,
}

impl Received {
    /// How much of memory it takes, roughly.
    pub(crate) fn cost(&self) -> usize {
        size_of::<Self>() + self.message.pattern.len() + self.message.payload.len()
    }
}

impl Peer {
    pub(crate) fn new(peer: SocketAddr) -> Self {
        Self {
            native: Arc::new(TcpContext { peer }),
            client: None,
        }
    }

    /// The message in a packet, unless that was for this server itself.
    pub(crate) fn receive(&mut self, packet: Packet, outbox: &Outbox) -> Option<Received> {
        let extras = packet.metadata.as_ref().map(Extras::of_metadata);
        let extras = extras.unwrap_or_default();
        if let Some(timeout) = extras.peer {
            self.greet(timeout, outbox);
        }
        if let (Some(client), Some(number), None, None) =
            (&self.client, extras.cancel, &packet.pattern, &packet.id)
        {
            client.calls.cancel(number);
            return None;
        }
        let (mut message, id) = Message::from_packet(packet);
        message.context.transport = "tcp";
        message.context.native = Some(self.native.clone());
        let call = match (message.kind, &id) {
            (MessageKind::Request, Some(id)) => self.limit(&mut message.context, id, &extras),
            _ => None,
        };
        Some(Received {
            message,
            id,
            call,
            has_waited: false,
        })
    }

    /// Only a client that said so is told that this server is one of nestrs,
    /// too. Repeating it changes nothing.
    fn greet(&mut self, timeout: Duration, outbox: &Outbox) {
        if self.client.is_none() {
            self.client = Some(NestrsClient {
                timeout,
                calls: Arc::default(),
            });
            let id = format!("\"{PEER}\"");
            // To a peer that is gone nothing needs to be said.
            let _ = Reply::End.write(id.as_bytes(), |parts| outbox.push(parts));
        }
    }

    /// Fills in when a request is over. For an event nobody waits.
    fn limit(&self, context: &mut MessageContext, id: &[u8], extras: &Extras) -> Option<Call> {
        let by_default = self.client.as_ref().map(|client| client.timeout);
        if let Some(timeout) = extras.timeout.or(by_default) {
            context.expire_in(timeout);
        }
        let calls = &self.client.as_ref()?.calls;
        let number = std::str::from_utf8(id)
            .ok()?
            .trim_matches('"')
            .parse()
            .ok()?;
        context.cancelled = Cancellation::new();
        calls.lock().insert(number, context.cancelled.clone());
        Some(Call {
            number,
            calls: calls.clone(),
        })
    }
}

impl Calls {
    fn cancel(&self, number: u64) {
        let call = self.lock().remove(&number);
        if let Some(call) = call {
            call.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<u64, Cancellation>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in hand, which can be called off until this is dropped.
pub(crate) struct Call {
    number: u64,
    calls: Arc<Calls>,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.number);
    }
}

//! From a message of the broker's to one of ours, and what it takes to answer.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use async_nats::Subject;
use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::packet::{Packet, json_string};
use nestrs_core::{Cancellation, Message, Wildcards};
use rustc_hash::FxHashMap;

use crate::NatsContext;
use crate::link::lock;

/// What a subscription is for.
pub(crate) struct Route {
    pub(crate) name: Arc<str>,
    /// The pattern of its messages, unless it has wildcards.
    pattern: Option<Bytes>,
}

impl Route {
    pub(crate) fn new(name: &str) -> Self {
        let pattern = (!Wildcards::NATS.are_in(name)).then(|| json_string(name));
        Self {
            name: Arc::from(name),
            pattern,
        }
    }
}

/// A message that came in.
pub(crate) struct Received {
    pub(crate) message: Message,
    /// Where its answer goes, if one is wanted: the subject, and the id that is
    /// its caller's.
    pub(crate) reply: Option<(Subject, Bytes)>,
    /// To be kept until it is answered.
    pub(crate) call: Option<CallInHand>,
    /// How much it takes up, about.
    pub(crate) size: usize,
}

/// What there is of a message beside its payload, about.
const OVERHEAD: usize = 512;

impl Received {
    /// As NestJS reads it: what is no packet is an event with all of it for its
    /// payload. What is no JSON is nothing.
    pub(crate) fn of(
        route: &Route,
        message: async_nats::Message,
        calls: &Arc<CallsInHand>,
    ) -> Option<Self> {
        let size = message.length + OVERHEAD;
        let payload = &message.payload;
        let mut packet = match Packet::parse(payload) {
            Ok(packet) => packet,
            Err(error) => {
                tracing::warn!(subject = %message.subject, %error, "a message that is no JSON was dropped");
                return None;
            }
        };
        if packet.pattern.is_none() && packet.data.is_none() {
            packet = Packet {
                data: Some(payload.clone()),
                ..Packet::default()
            };
        }
        let extras = packet.metadata.as_ref().map(Extras::of_metadata);
        let timeout = extras.and_then(|extras| extras.timeout);
        packet.pattern = Some(match &route.pattern {
            Some(pattern) => pattern.clone(),
            None => json_string(&message.subject),
        });
        let (mut ours, id) = Message::from_packet(packet);
        let native = NatsContext::of(message);
        let reply = native.reply.clone().zip(id);
        ours.route = Some(route.name.clone());
        ours.context.transport = "nats";
        native.add_headers(&mut ours.context.headers);
        ours.context.native = Some(Arc::new(native));

        // Only nestrs clients say how long they wait, and only they call off.
        let call = match (&reply, timeout) {
            (Some((subject, _)), Some(timeout)) => {
                ours.context.expire_in(timeout);
                ours.context.cancelled = Cancellation::new();
                Some(calls.insert(subject, &ours.context.cancelled))
            }
            _ => None,
        };
        Some(Self {
            message: ours,
            reply,
            call,
            size,
        })
    }
}

/// The requests in hand that can be called off, by their reply subjects.
#[derive(Default)]
pub(crate) struct CallsInHand(Mutex<FxHashMap<Reply, Cancellation>>);

/// Where the replies to a request go.
#[derive(Clone, PartialEq, Eq)]
struct Reply(Subject);

/// A request in hand, which can be called off until this is dropped.
pub(crate) struct CallInHand {
    reply: Reply,
    calls: Arc<CallsInHand>,
}

impl CallsInHand {
    fn insert(self: &Arc<Self>, reply: &Subject, cancellation: &Cancellation) -> CallInHand {
        let reply = Reply(reply.clone());
        lock(&self.0).insert(reply.clone(), cancellation.clone());
        CallInHand {
            reply,
            calls: self.clone(),
        }
    }

    /// Calls the request off, if it is in hand here.
    pub(crate) fn call_off(&self, reply: &[u8]) {
        let call = lock(&self.0).remove(reply);
        if let Some(call) = call {
            call.cancel();
        }
    }
}

impl Drop for CallInHand {
    fn drop(&mut self) {
        lock(&self.calls.0).remove(&self.reply);
    }
}

/// As it comes from whoever calls off.
impl Borrow<[u8]> for Reply {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Hash for Reply {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

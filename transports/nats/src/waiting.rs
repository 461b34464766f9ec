//! The calls of a client that wait for replies, and the replies that come.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::sync::{Arc, Mutex};

use async_nats::{Message, StatusCode, Subject};
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::ReplyPacket;
use nestrs_core::request_id::RequestIds;
use nestrs_core::{ErrorKind, TransportError};

use crate::link::lock;
use crate::shared;

/// The calls that wait for replies.
pub(crate) struct Waiting {
    /// What all their reply subjects start with.
    pub(crate) inbox: String,
    now: Mutex<Arc<Calls>>,
}

#[derive(Default)]
pub(crate) struct Calls {
    pub(crate) in_flight: InFlight,
    pub(crate) ids: RequestIds,
}

impl Waiting {
    /// Those at this inbox, none yet.
    pub(crate) fn at(inbox: String) -> Self {
        Self {
            inbox,
            now: Mutex::default(),
        }
    }

    /// The calls since the connection was there last.
    pub(crate) fn now(&self) -> Arc<Calls> {
        lock(&self.now).clone()
    }

    /// Ends every wait; calls from now on know nothing of it.
    pub(crate) fn fail(&self) {
        let calls = std::mem::take(&mut *lock(&self.now));
        calls.in_flight.fail(TransportError::connection_closed());
    }

    /// Where the replies of the call of that id go.
    pub(crate) fn reply(&self, id: &str) -> Subject {
        shared::subject(&self.inbox, id)
    }

    pub(crate) fn receive(&self, message: &Message) {
        let Some(id) = message.subject.strip_prefix(&self.inbox) else {
            return;
        };
        let calls = self.now();
        // None: a call before the connection was lost.
        let Some(number) = calls.ids.number(id) else {
            return;
        };
        if let Some(reply) = reply(message, id) {
            calls.in_flight.complete(number, reply);
        }
    }
}

/// The reply in a message, unless it is meant for another call than `id`.
fn reply(message: &Message, id: &str) -> Option<ReplyPacket> {
    let failed = |kind, why: String| ReplyPacket {
        id: None,
        body: Err(TransportError::of_kind(kind, why)),
        is_last: true,
    };
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        // To be `named`: the broker does not say which pattern that was.
        return Some(failed(ErrorKind::NoHandler, String::new()));
    }
    let packet = match ReplyPacket::parse(&message.payload) {
        Ok(packet) => packet,
        Err(error) => {
            let why = format!("the reply is no JSON: {error}");
            return Some(failed(ErrorKind::InvalidPayload, why));
        }
    };
    match &packet.id {
        Some(json) if !is_json_of(id, json) => None,
        // A responder that knows nothing of packets: all of it is the response.
        None if packet.body == Ok(None) && !packet.is_last => Some(ReplyPacket {
            id: None,
            body: Ok(Some(message.payload.clone())),
            is_last: true,
        }),
        _ => Some(packet),
    }
}

fn is_json_of(id: &str, json: &[u8]) -> bool {
    matches!(json, [b'"', text @ .., b'"'] if text == id.as_bytes())
}

/// That nobody listens, in NestJS's own words.
pub(crate) fn named(mut error: TransportError, pattern: &str) -> TransportError {
    if error.message.is_empty() && error.kind() == ErrorKind::NoHandler {
        error.message = format!(
            "Empty response. There are no subscribers listening to that message (\"{pattern}\")"
        );
    }
    error
}

//! What the calls of a client and their replies have in common, whichever
//! connection there is.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use nestrs_core::TransportError;
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::ReplyPacket;
use nestrs_core::request_id::RequestIds;

use crate::broker::MqttProtocol;
use crate::driver::{Client, Inbound};
use crate::link::Peer;
use crate::received::REPLY;
use crate::replies::ReplyTopics;

/// What a connection is to a client.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) topics: ReplyTopics,
}

/// What the replies of one client come to.
pub(crate) struct Caller {
    pub(crate) ids: RequestIds,
    /// Where peers of nestrs reply to, with MQTT 5.
    pub(crate) own_topic: Option<String>,
    /// The calls of the connection there is; with it they end.
    in_flight: Mutex<InFlight>,
}

impl Caller {
    pub(crate) fn new(protocol: MqttProtocol) -> Self {
        let ids = RequestIds::new();
        let own_topic = match protocol {
            MqttProtocol::V3 => None,
            MqttProtocol::V5 => Some(format!("nestrs/{}{REPLY}", ids.id(0))),
        };
        Self {
            ids,
            own_topic,
            in_flight: Mutex::default(),
        }
    }

    pub(crate) fn in_flight(&self) -> InFlight {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, InFlight> {
        // No code that can panic runs under the lock.
        self.in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Peer for Caller {
    type Session = Session;

    async fn connected(&self, client: Client) -> Result<Session, TransportError> {
        let topics = ReplyTopics::default();
        Ok(Session { client, topics })
    }

    fn received(&self, message: Inbound, _: &Client) {
        let reply = match ReplyPacket::parse(&message.payload) {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(topic = %message.topic, %error, "a reply that is no JSON");
                return;
            }
        };
        // The replies to other clients of this pattern come here too.
        let number = reply.id.as_ref().and_then(|id| self.ids.number_of_json(id));
        if let Some(number) = number {
            self.in_flight().complete(number, reply);
        }
    }

    fn lost(&self, _: &TransportError) {
        let lost = std::mem::take(&mut *self.lock());
        lost.fail(TransportError::connection_closed());
    }
}

//! An answer on its way back.

use std::sync::Arc;

use async_nats::Subject;
use async_nats::message::OutboundMessage;
use bytes::Bytes;
use nestrs_core::packet::Reply;
use nestrs_core::{Answer, ErrorKind, TransportError};

use crate::link::Link;
use crate::outbox::{Pushed, Receipt};
use crate::shared;

/// Where the answer to one request goes.
pub(crate) struct Replier {
    pub(crate) link: Arc<Link>,
    pub(crate) subject: Subject,
    /// What its caller calls it by, as JSON.
    pub(crate) id: Bytes,
    /// Of how many messages that came together it answers one.
    pub(crate) of: usize,
}

impl Replier {
    /// Sends the replies of `answer`, a stream's as fast as the connection
    /// takes them.
    pub(crate) async fn send(&self, answer: Answer) {
        let mut replies = answer.into_replies();
        let most = self.link.driver.max_payload();
        while let Some(reply) = replies.next().await {
            let payload = reply.write(&self.id, shared::joined);
            let size = payload.len();
            if size > most {
                let message = format!(
                    "the reply is larger than the broker takes: {size} bytes, and its `max_payload` is {most}"
                );
                tracing::error!("{message}");
                let error = TransportError::of_kind(ErrorKind::PayloadTooLarge, message);
                let instead = Reply::Error(error).write(&self.id, shared::joined);
                // If that finds no way either, nothing does.
                let _ = self.publish(instead).await;
                return;
            }
            if let Err(error) = self.publish(payload).await {
                tracing::debug!(%error, "a reply could not be sent");
                return;
            }
        }
    }

    fn publish(&self, payload: Bytes) -> Pushed<'_> {
        let message = OutboundMessage {
            subject: self.subject.clone(),
            reply: None,
            payload,
            headers: None,
        };
        let receipt = Receipt::Nobody;
        self.link.outbox.push(message, receipt, self.of)
    }
}

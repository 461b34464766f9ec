//! An answer on its way back.

use std::sync::Arc;

use async_nats::{PublishErrorKind, Subject};
use bytes::Bytes;
use nestrs_core::packet::Reply;
use nestrs_core::{Answer, ErrorKind, TransportError};

use crate::link::Link;

/// Where the answer to one request goes.
pub(crate) struct Replier {
    pub(crate) link: Arc<Link>,
    pub(crate) subject: Subject,
    /// What its caller calls it by, as JSON.
    pub(crate) id: Bytes,
}

impl Replier {
    /// Sends the replies of `answer`, a stream's as fast as the connection
    /// takes them.
    pub(crate) async fn send(&self, answer: Answer) {
        let mut replies = answer.into_replies();
        while let Some(reply) = replies.next().await {
            let Err(error) = self.publish(&reply).await else {
                continue;
            };
            if error.kind() == PublishErrorKind::MaxPayloadExceeded {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                let why = source.unwrap_or_else(|| error.to_string());
                let message =
                    format!("the reply is larger than the broker takes (its `max_payload`): {why}");
                tracing::error!("{message}");
                let error = TransportError::of_kind(ErrorKind::PayloadTooLarge, message);
                // If that finds no way either, nothing does.
                let _ = self.publish(&Reply::Error(error)).await;
            } else {
                tracing::debug!(%error, "a reply could not be sent");
            }
            return;
        }
    }

    async fn publish(&self, reply: &Reply) -> Result<(), async_nats::PublishError> {
        let payload = reply.write(&self.id, |parts| parts.concat());
        self.link
            .driver
            .publish(self.subject.clone(), payload.into())
            .await
    }
}

//! A mock as the transport of a client.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream;
use nestrs::core::client::{Replies, emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs::core::{MessageKind, Outgoing};
use nestrs::microservices::{Transport, TransportError};
use serde_json::Value;

use super::answer::{Answer, What};
use super::{Mock, SentMessage};

/// How long a client waits that does not say: as those of all transports do.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct MockTransport(pub(super) Arc<Mock>);

impl MockTransport {
    /// Remembers the message, and says what is answered.
    fn request(&self, message: &Outgoing<'_>) -> Result<Answer, TransportError> {
        let mut state = self.0.state();
        let sent = SentMessage::new(MessageKind::Request, message);
        state.sent.push(sent);
        let answer = state.answers.next(message.pattern);
        answer.ok_or_else(|| self.unexpected(message.pattern, &state.answers.patterns()))
    }

    fn unexpected(&self, pattern: &str, known: &[&str]) -> TransportError {
        let known = match known {
            [] => "it has no answers yet".to_owned(),
            known => format!("it has answers to `{}`", known.join("`, `")),
        };
        TransportError::new(format!(
            "{} was sent `{pattern}` and was told no answer: say one, \
             `.on({pattern:?}).reply(…)`; {known}",
            self.0
        ))
    }

    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        answer: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        in_time(message, REQUEST_TIMEOUT, &self.0.to_string(), answer).await
    }
}

/// Waits until the answer is there.
async fn given(answer: Answer) -> What {
    if !answer.after.is_zero() {
        tokio::time::sleep(answer.after).await;
    }
    match answer.what {
        What::Never => std::future::pending().await,
        what => what,
    }
}

#[async_trait]
impl Transport for MockTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let answer = self.request(&message)?;
        let reply = async {
            match given(answer).await {
                What::One(reply) => reply(&message.payload).map(Some),
                What::Many(replies) => Ok(replies.into_iter().next()),
                What::Never => Ok(None),
            }
        };
        self.in_time(&message, reply).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let sent = SentMessage::new(MessageKind::Event, &message);
        self.0.state().sent.push(sent);
        Ok(())
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let answer = self.request(&message)?;
        let payload = message.payload.clone();
        let replies = async move {
            let replies = match given(answer).await {
                What::One(reply) => vec![reply(&payload)],
                What::Many(replies) => replies.into_iter().map(Ok).collect(),
                What::Never => Vec::new(),
            };
            stream::iter(replies)
        };
        Ok(Box::pin(futures_util::StreamExt::flatten(stream::once(
            replies,
        ))))
    }
}

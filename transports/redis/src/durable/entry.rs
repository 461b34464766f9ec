//! One event from a stream: handled, and then acknowledged, left to be tried
//! again, or given up.
//!
//! The next file on its path is [`nestrs_core::intake`].

use std::sync::Arc;

use nestrs_core::intake::Admission;
use nestrs_core::packet::Packet;
use nestrs_core::{Answer, ErrorKind, Message, TransportError};

use crate::context::{RedisContext, RedisDelivery};
use crate::durable::stream::{Entry, InHand, Stream};
use crate::handling::Handling;
use crate::pipe::Pipe;

/// An event that was delivered, for that many times now.
pub(crate) struct Delivered {
    pub(crate) stream: Arc<Stream>,
    pub(crate) entry: Entry,
    pub(crate) attempt: usize,
    pub(crate) max_attempts: usize,
    /// For as long as this is there, nobody else takes it over.
    pub(crate) _in_hand: InHand,
}

impl Delivered {
    /// Handles it, in a task of its own if it waits for anything.
    pub(crate) fn run(self, handling: &Handling, admission: Admission) {
        let outlet = handling.outlet.clone();
        let handled = self
            .message()
            .map(|message| handling.dispatch.dispatch(message));
        admission.run(async move {
            let outcome = match handled {
                Ok(handled) => outcome(handled.await),
                Err(error) => Outcome::Dead(error),
            };
            outlet.insist(|pipe| self.settle(&outcome, pipe)).await;
        });
    }

    fn message(&self) -> Result<Message, TransportError> {
        let invalid = |why: String| TransportError::of_kind(ErrorKind::InvalidPayload, why);
        let (id, packet) = &self.entry;
        let packet = packet
            .as_ref()
            .ok_or_else(|| invalid("the entry has no field `packet`".to_owned()))?;
        let packet = Packet::parse(packet)
            .map_err(|error| invalid(format!("the packet is no JSON: {error}")))?;
        // Nobody waits, whatever it says.
        let packet = Packet { id: None, ..packet };
        let (mut message, _) = Message::from_packet(packet);
        message.pattern = self.stream.pattern.clone();
        message.route = Some(self.stream.route.clone());
        message.context.transport = "redis";
        message.context.native = Some(Arc::new(RedisContext {
            channel: self.stream.route.to_string(),
            subscribed: None,
            delivery: Some(RedisDelivery {
                stream: self.stream.key.clone(),
                id: id.clone(),
                attempt: self.attempt,
            }),
        }));
        Ok(message)
    }

    async fn settle(&self, outcome: &Outcome, pipe: Pipe) -> Result<(), TransportError> {
        match outcome {
            Outcome::Handled => self.stream.acknowledge(&self.entry.0, &pipe).await,
            Outcome::Failed(_) if self.attempt < self.max_attempts => {
                self.stream.rest(&self.entry.0, &pipe).await
            }
            Outcome::Failed(error) | Outcome::Dead(error) => self.bury(&error.message, &pipe).await,
        }
    }

    /// Gives it up.
    pub(crate) async fn bury(&self, why: &str, pipe: &Pipe) -> Result<(), TransportError> {
        let (stream, id) = (&self.stream, &self.entry.0);
        tracing::warn!(pattern = %stream.route, id, attempts = self.attempt, "an event is given up: {why}");
        stream.bury(&self.entry, self.attempt, why, pipe).await
    }
}

enum Outcome {
    Handled,
    /// It may succeed the next time.
    Failed(TransportError),
    /// It will not.
    Dead(TransportError),
}

fn outcome(answer: Answer) -> Outcome {
    match answer {
        Answer::One(Err(error)) => Outcome::Failed(error),
        Answer::NoHandler => Outcome::Dead(TransportError::of_kind(
            ErrorKind::NoHandler,
            nestrs_core::error::NO_MESSAGE_HANDLER,
        )),
        _ => Outcome::Handled,
    }
}

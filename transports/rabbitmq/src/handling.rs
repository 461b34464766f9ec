//! One message: what it says, its handlers, its replies, and what the broker is
//! told of it.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lapin::message::Delivery;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel};
use nestrs_core::packet::{Packet, Reply};
use nestrs_core::{
    Answer, Dispatch, ErrorKind, Message, MessageContext, MessageKind, Shutdown, TransportError,
};

use crate::callers::{Call, Callers};
use crate::context::RabbitMqContext;
use crate::failure::RabbitMqFailurePolicy;
use crate::settle::{Fate, Receipt};
use crate::table;

/// How long an event that fails again waits before it goes back to its queue.
const REQUEUE_PAUSE: Duration = Duration::from_secs(1);

/// What the messages of one connection have in common.
pub(crate) struct Desk {
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) shutdown: Shutdown,
    pub(crate) on_failure: RabbitMqFailurePolicy,
    pub(crate) max_message_size: usize,
    /// What messages came by and replies go by.
    pub(crate) channel: Channel,
    pub(crate) callers: Callers,
}

/// A message that can be handled.
pub(crate) struct Received {
    pub(crate) message: Message,
    receipt: Option<Arc<Receipt>>,
    redelivered: bool,
    reply: Option<ReplyAddress>,
    /// That its caller may give up.
    call: Option<Call>,
}

struct ReplyAddress {
    to: ShortString,
    correlation_id: Option<ShortString>,
    /// The packet's id, for the one reply of RabbitMQ's that has it.
    id: Bytes,
}

impl Desk {
    /// Reads a message; what makes no sense is rejected.
    pub(crate) fn read(&self, delivery: Delivery, receipt: Option<Receipt>) -> Option<Received> {
        let receipt = receipt.map(Arc::new);
        let Delivery {
            exchange,
            routing_key,
            redelivered,
            properties,
            data,
            ..
        } = delivery;
        let packet = match Packet::parse(&data.into()) {
            Ok(packet) if packet.pattern.is_some() => packet,
            read => {
                let why = read.err().map(|error| error.to_string());
                let why = why.unwrap_or_else(|| "it has no `pattern`".to_owned());
                tracing::warn!(%exchange, %routing_key, why, "a message is no packet and was rejected");
                settle(receipt.as_deref(), Fate::Rejected);
                return None;
            }
        };
        let (mut message, id) = Message::from_packet(packet);
        message.context.transport = "rabbitmq";
        let mut call = None;
        if let Some(headers) = properties.headers() {
            message.context.headers.extend(table::to_headers(headers));
            if let Some(timeout) = table::extras(headers).timeout {
                message.context.expire_in(timeout);
                call = self.call(&properties, &mut message.context);
            }
        }
        let reply = id.and_then(|id| {
            Some(ReplyAddress {
                to: properties.reply_to().clone()?,
                correlation_id: properties.correlation_id().clone(),
                id,
            })
        });
        message.context.native = Some(Arc::new(RabbitMqContext {
            exchange: exchange.to_string(),
            routing_key: routing_key.to_string(),
            redelivered,
            properties,
            receipt: receipt.clone(),
        }));
        Some(Received {
            message,
            receipt,
            redelivered,
            reply,
            call,
        })
    }

    /// Of a caller that says how long it waits, and so is of nestrs.
    fn call(&self, properties: &BasicProperties, context: &mut MessageContext) -> Option<Call> {
        let number = properties
            .correlation_id()
            .as_ref()?
            .as_str()
            .parse()
            .ok()?;
        let caller = properties.reply_to().as_ref()?;
        let (call, cancellation) = self.callers.begin(caller, number);
        context.cancelled = cancellation;
        Some(call)
    }

    /// Handles it, answers it and settles it.
    pub(crate) async fn handle(self: Arc<Self>, received: Received) {
        let Received {
            message,
            receipt,
            redelivered,
            reply,
            call: _call,
        } = received;
        let over = message.context.over();
        let handled = async {
            match message.kind {
                MessageKind::Request => Some(self.answer(message, reply.as_ref()).await),
                MessageKind::Event => self.run(message, receipt.as_deref(), redelivered).await,
            }
        };
        let fate = tokio::select! {
            biased;
            fate = handled => fate,
            () = over => {
                tracing::debug!("nobody waits for the reply any more");
                Some(Fate::Acknowledged)
            }
        };
        if let Some(fate) = fate {
            settle(receipt.as_deref(), fate);
        }
    }

    async fn answer(&self, message: Message, address: Option<&ReplyAddress>) -> Fate {
        let answer = self.dispatch.dispatch(message).await;
        let fate = match &answer {
            Answer::NoHandler => Fate::Rejected,
            _ => Fate::Acknowledged,
        };
        let mut replies = answer.into_replies();
        while let Some(reply) = replies.next().await {
            let Some(address) = address else { continue };
            if let Err(error) = self.reply(reply, address).await {
                tracing::debug!(%error, "a reply was not sent: its channel is gone");
                break;
            }
        }
        fate
    }

    async fn reply(&self, reply: Reply, address: &ReplyAddress) -> lapin::Result<()> {
        let mut body = write(&reply, &address.id);
        if body.len() > self.max_message_size {
            body = write(&Reply::Error(self.too_large(body.len())), &address.id);
        }
        let mut properties = BasicProperties::default();
        if let Some(id) = &address.correlation_id {
            properties = properties.with_correlation_id(id.clone());
        }
        let to = address.to.clone();
        let options = BasicPublishOptions::default();
        let published =
            self.channel
                .basic_publish(ShortString::default(), to, options, &body, properties);
        published.await.map(drop)
    }

    fn too_large(&self, size: usize) -> TransportError {
        let limit = self.max_message_size;
        let message = format!(
            "the reply has {size} bytes, which is more than `max_message_size` allows ({limit})"
        );
        TransportError::of_kind(ErrorKind::PayloadTooLarge, message)
    }

    /// Runs an event's handlers, again if that is the policy. `None` leaves it
    /// to the end of the connection.
    async fn run(
        &self,
        message: Message,
        receipt: Option<&Receipt>,
        redelivered: bool,
    ) -> Option<Fate> {
        let mut attempts = 0;
        loop {
            let answer = self.dispatch.dispatch(message.clone()).await;
            attempts += 1;
            match answer {
                Answer::NoHandler => return Some(Fate::Rejected),
                Answer::One(Err(_)) => {}
                _ => return Some(Fate::Acknowledged),
            }
            if receipt.is_none_or(Receipt::is_settled) {
                return None;
            }
            match self.on_failure {
                RabbitMqFailurePolicy::Ack => return Some(Fate::Acknowledged),
                RabbitMqFailurePolicy::Requeue => {
                    if redelivered {
                        self.pause(REQUEUE_PAUSE).await;
                    }
                    return Some(Fate::Requeued);
                }
                RabbitMqFailurePolicy::DeadLetter | RabbitMqFailurePolicy::Retry { .. } => {}
            }
            let Some(pause) = self.on_failure.pause(attempts) else {
                tracing::warn!(
                    attempts,
                    "an event failed for the last time and was rejected"
                );
                return Some(Fate::Rejected);
            };
            if !self.pause(pause).await {
                return Some(Fate::Requeued);
            }
        }
    }

    /// False when the server is stopped meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.shutdown.stopping() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

impl Received {
    /// For a message whose sender has given up while it waited for its turn.
    pub(crate) fn give_up(self) {
        tracing::debug!("a request waited for its turn longer than its sender for the reply");
        settle(self.receipt.as_deref(), Fate::Acknowledged);
    }
}

fn settle(receipt: Option<&Receipt>, fate: Fate) {
    if let Some(receipt) = receipt {
        receipt.settle(fate);
    }
}

/// A reply as RabbitMQ carries it: whose it is, the message's properties say.
/// NestJS writes an id where there is no handler.
fn write(reply: &Reply, id: &[u8]) -> Vec<u8> {
    use nestrs_core::error::NO_MESSAGE_HANDLER;
    match reply {
        Reply::NoHandler => [
            b"{\"id\":",
            id,
            b",\"err\":\"",
            NO_MESSAGE_HANDLER.as_bytes(),
            b"\",\"status\":\"error\"}",
        ]
        .concat(),
        reply => reply.write_without_id(|parts| parts.concat()),
    }
}

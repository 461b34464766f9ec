//! [`RabbitMqContext`]: what RabbitMQ knows of a message, and what a handler
//! may tell it.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;

use crate::settle::{Fate, Receipt};

/// What RabbitMQ knows of a message, for handlers: NestJS's `RmqContext`.
///
/// A message is acknowledged after its handlers, so most handlers have no use
/// for the three methods; one that calls them has the say.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_rabbitmq::RabbitMqContext;
///
/// fn is_urgent(context: &MessageContext) -> bool {
///     let rabbitmq = context.native::<RabbitMqContext>();
///     rabbitmq.and_then(RabbitMqContext::priority).is_some_and(|priority| priority > 5)
/// }
/// # assert!(!is_urgent(&MessageContext::new("tcp")));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RabbitMqContext {
    /// The exchange it was published to; empty for what was sent straight to a
    /// queue.
    pub exchange: String,
    /// The key it was published by.
    pub routing_key: String,
    /// Whether it may have been delivered before.
    pub redelivered: bool,
    /// Everything else that came with it, as the driver has it.
    pub properties: BasicProperties,
    /// Of a message that is acknowledged.
    pub(crate) receipt: Option<Arc<Receipt>>,
}

impl RabbitMqContext {
    /// Its priority, if it has one.
    pub fn priority(&self) -> Option<u8> {
        *self.properties.priority()
    }

    /// How long it was to wait in queues at most, if that is limited.
    pub fn expiration(&self) -> Option<Duration> {
        let millis = self
            .properties
            .expiration()
            .as_ref()?
            .as_str()
            .parse()
            .ok()?;
        Some(Duration::from_millis(millis))
    }

    /// Acknowledges it now, whatever becomes of its handlers. False if it was
    /// settled before, or is not acknowledged at all (`no_ack`).
    pub fn ack(&self) -> bool {
        self.settle(Fate::Acknowledged)
    }

    /// Sends it back to its queue, or has it rejected. False as for
    /// [`ack`](Self::ack).
    pub fn nack(&self, requeue: bool) -> bool {
        self.settle(if requeue {
            Fate::Requeued
        } else {
            Fate::Rejected
        })
    }

    /// Rejects it: it goes to the queue's dead-letter exchange, if there is
    /// one. False as for [`ack`](Self::ack).
    pub fn reject(&self) -> bool {
        self.settle(Fate::Rejected)
    }

    fn settle(&self, fate: Fate) -> bool {
        let receipt = self.receipt.as_deref();
        receipt.is_some_and(|receipt| receipt.settle(fate))
    }
}

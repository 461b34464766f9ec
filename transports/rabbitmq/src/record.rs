//! [`RabbitMqRecord`]: what one message can ask of the broker.

use std::time::Duration;

use lapin::BasicProperties;

use crate::table::short;

/// What one message asks of the broker: NestJS's `RmqRecord`. Headers are those
/// of every message, see `ClientMessage::header`.
///
/// ```
/// use nestrs_core::Outgoing;
/// use nestrs_transport_rabbitmq::RabbitMqRecord;
///
/// let record = RabbitMqRecord { priority: Some(9), ..RabbitMqRecord::default() };
/// let message = Outgoing::new("orders.created", "7").header("tenant", "acme").record(record);
/// assert!(message.record_as::<RabbitMqRecord>().is_some());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RabbitMqRecord {
    /// The higher, the sooner, in a queue with `max_priority`.
    pub priority: Option<u8>,
    /// How long it may wait in a queue, instead of as long as its sender waits
    /// for the reply, or for ever if it is an event.
    pub expiration: Option<Duration>,
    /// Whether it is written to disk, instead of as the client's options say of
    /// events; requests are not.
    pub persistent: Option<bool>,
    /// Its MIME type.
    pub content_type: Option<String>,
    /// What its sender calls it, for those who watch the queue.
    pub message_id: Option<String>,
}

impl RabbitMqRecord {
    /// Writes it over what a message has otherwise.
    pub(crate) fn apply(&self, mut properties: BasicProperties) -> Result<BasicProperties, String> {
        if let Some(priority) = self.priority {
            properties = properties.with_priority(priority);
        }
        if let Some(expiration) = self.expiration {
            properties = properties.with_expiration(millis(expiration).as_str().into());
        }
        if let Some(persistent) = self.persistent {
            properties = properties.with_delivery_mode(delivery_mode(persistent));
        }
        if let Some(content_type) = &self.content_type {
            properties = properties.with_content_type(short(content_type.as_str())?);
        }
        if let Some(message_id) = &self.message_id {
            properties = properties.with_message_id(short(message_id.as_str())?);
        }
        Ok(properties)
    }
}

/// A time as AMQP writes it, rounded up to whole milliseconds.
pub(crate) fn millis(time: Duration) -> String {
    time.as_nanos().div_ceil(1_000_000).to_string()
}

pub(crate) fn delivery_mode(persistent: bool) -> u8 {
    if persistent { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_stays_as_it_was() {
        let before = BasicProperties::default().with_delivery_mode(2);
        let after = RabbitMqRecord::default().apply(before.clone()).unwrap();
        assert_eq!(before, after);
        let record = RabbitMqRecord {
            expiration: Some(Duration::from_micros(1_500)),
            persistent: Some(false),
            ..RabbitMqRecord::default()
        };
        let after = record.apply(before).unwrap();
        assert_eq!(after.expiration().as_ref().unwrap().as_str(), "2");
        assert_eq!(*after.delivery_mode(), Some(1));
    }
}

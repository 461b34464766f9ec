//! [`RabbitMqQueueOptions`]: what a queue is like that we declare.

use std::time::Duration;

use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Map, Value};

use crate::table;

/// What a queue is like. Everybody who declares it has to say the same, or the
/// broker refuses: server and clients of one queue share these options.
///
/// ```
/// use nestrs_transport_rabbitmq::RabbitMqQueueOptions;
///
/// let options = RabbitMqQueueOptions {
///     max_priority: Some(9),
///     ..RabbitMqQueueOptions::default().dead_letter_queue("orders.dead")
/// };
/// assert!(options.durable);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RabbitMqQueueOptions {
    /// Whether to declare it at all, true unless told otherwise: NestJS's
    /// `noAssert` is the opposite. One that is not declared has to be there.
    pub declare: bool,
    /// Whether it outlives the broker; true unless told otherwise.
    pub durable: bool,
    /// Whether it belongs to the connection that declares it alone, and goes
    /// with it.
    pub exclusive: bool,
    /// Whether it goes with its last consumer.
    pub auto_delete: bool,
    /// How long a message may wait in it.
    pub message_ttl: Option<Duration>,
    /// After how long without a consumer it goes.
    pub expires: Option<Duration>,
    /// How many messages it holds before it drops the oldest.
    pub max_length: Option<u32>,
    /// The highest priority that counts.
    pub max_priority: Option<u8>,
    /// Where messages go that are rejected, or too old, or too many: an
    /// exchange that somebody declares.
    pub dead_letter_exchange: Option<String>,
    /// Under what routing key they go there, instead of their own.
    pub dead_letter_routing_key: Option<String>,
    /// Where they go without an exchange: a queue, which is declared too. Takes
    /// the place of the two above.
    pub dead_letter_queue: Option<String>,
    /// What else the broker is to know, as `x-queue-type`.
    pub arguments: Map<String, Value>,
}

impl Default for RabbitMqQueueOptions {
    fn default() -> Self {
        Self {
            declare: true,
            durable: true,
            exclusive: false,
            auto_delete: false,
            message_ttl: None,
            expires: None,
            max_length: None,
            max_priority: None,
            dead_letter_exchange: None,
            dead_letter_routing_key: None,
            dead_letter_queue: None,
            arguments: Map::new(),
        }
    }
}

impl RabbitMqQueueOptions {
    /// The same, with a queue for what is rejected.
    #[must_use]
    pub fn dead_letter_queue(mut self, queue: impl Into<String>) -> Self {
        self.dead_letter_queue = Some(queue.into());
        self
    }

    /// The same, with one more argument.
    ///
    /// ```
    /// # use nestrs_transport_rabbitmq::RabbitMqQueueOptions;
    /// let options = RabbitMqQueueOptions::default().argument("x-queue-type", "quorum");
    /// assert_eq!(options.arguments["x-queue-type"], "quorum");
    /// ```
    #[must_use]
    pub fn argument(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.arguments.insert(name.into(), value.into());
        self
    }

    /// All of it that the broker takes as arguments.
    pub(crate) fn table(&self) -> Result<FieldTable, String> {
        let mut table = table::of_json(&self.arguments)?;
        let mut set = |name: &str, value: Option<AMQPValue>| {
            if let Some(value) = value {
                table.insert(name.into(), value);
            }
        };
        set("x-message-ttl", self.message_ttl.map(millis));
        set("x-expires", self.expires.map(millis));
        set(
            "x-max-length",
            self.max_length.map(|n| AMQPValue::LongLongInt(n.into())),
        );
        set(
            "x-max-priority",
            self.max_priority.map(|n| AMQPValue::LongLongInt(n.into())),
        );
        let text = |text: &String| AMQPValue::LongString(text.as_str().into());
        let (exchange, key) = match &self.dead_letter_queue {
            Some(queue) => (Some(text(&String::new())), Some(queue)),
            None => (
                self.dead_letter_exchange.as_ref().map(text),
                self.dead_letter_routing_key.as_ref(),
            ),
        };
        set("x-dead-letter-exchange", exchange);
        set("x-dead-letter-routing-key", key.map(text));
        Ok(table)
    }
}

fn millis(duration: Duration) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_arguments() {
        let options = RabbitMqQueueOptions {
            message_ttl: Some(Duration::from_secs(1)),
            dead_letter_exchange: Some("not used".to_owned()),
            ..RabbitMqQueueOptions::default()
        };
        let table = options
            .dead_letter_queue("dead")
            .argument("x-a", 1)
            .table()
            .unwrap();
        let get = |name: &str| table.inner().get(name);
        assert_eq!(get("x-message-ttl"), Some(&AMQPValue::LongLongInt(1000)));
        assert_eq!(get("x-a"), Some(&AMQPValue::LongLongInt(1)));
        assert_eq!(
            get("x-dead-letter-exchange"),
            Some(&AMQPValue::LongString("".into()))
        );
        assert_eq!(
            get("x-dead-letter-routing-key"),
            Some(&AMQPValue::LongString("dead".into()))
        );
        assert_eq!(table.inner().len(), 4);
    }

    #[test]
    fn nothing_said_is_nothing_sent() {
        let table = RabbitMqQueueOptions::default().table().unwrap();
        assert!(table.inner().is_empty());
    }
}

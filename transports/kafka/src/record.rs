//! [`KafkaRecord`]: what one message can ask of Kafka.

use std::time::SystemTime;

/// What one message asks of Kafka, beside its payload. Headers are those of
/// every message, see `ClientMessage::header`.
///
/// ```
/// use nestrs_core::Outgoing;
/// use nestrs_transport_kafka::KafkaRecord;
///
/// // Events of one order stay in order.
/// let record = KafkaRecord::key("order-7");
/// let message = Outgoing::new("orders.paid", "7").header("tenant", "acme").record(record);
/// assert!(message.record_as::<KafkaRecord>().is_some());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KafkaRecord {
    /// Records of one key are in one partition, in order.
    pub key: Option<Vec<u8>>,
    /// The partition it goes to, instead of one by its key or by chance.
    pub partition: Option<i32>,
    /// When it happened, if that is not now.
    pub timestamp: Option<SystemTime>,
}

impl KafkaRecord {
    /// A record with a key.
    pub fn key(key: impl Into<Vec<u8>>) -> Self {
        Self {
            key: Some(key.into()),
            ..Self::default()
        }
    }

    /// The same in a partition of the caller's choice.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// In milliseconds since 1970.
    pub(crate) fn millis(&self) -> Option<i64> {
        let since = self
            .timestamp?
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        i64::try_from(since.as_millis()).ok()
    }
}

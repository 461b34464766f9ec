//! [`KafkaContext`]: what Kafka knows of a message, and what a handler may tell
//! it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::partition::Partition;
use crate::wire::{self, RawHeaders};

/// What Kafka knows of a message, for handlers: NestJS's `KafkaContext`.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_kafka::KafkaContext;
///
/// fn place(context: &MessageContext) -> Option<String> {
///     let kafka = context.native::<KafkaContext>()?;
///     let last = kafka.records.last()?;
///     Some(format!("{}[{}]@{}", kafka.topic, kafka.partition, last.offset))
/// }
/// # assert_eq!(place(&MessageContext::new("tcp")), None);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KafkaContext {
    /// The topic it came by.
    pub topic: Arc<str>,
    /// Which of the topic's partitions.
    pub partition: i32,
    /// The record itself; those of a batch, in order.
    pub records: Arc<[KafkaReceived]>,
    pub(crate) source: Source,
}

/// A record that was received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct KafkaReceived {
    /// Its place in its partition.
    pub offset: i64,
    /// Its key, as it was sent.
    pub key: Option<Bytes>,
    /// Its value, as it was sent.
    pub value: Option<Bytes>,
    /// All its headers, as they were sent.
    pub headers: Vec<(String, Option<Bytes>)>,
    /// When it was sent, or came to the broker, as the topic has it.
    pub timestamp: Option<SystemTime>,
}

impl KafkaContext {
    /// Counts it as done with now, before its handlers are: it will not be
    /// received again, whatever becomes of them. With
    /// [`manual_commit`](crate::KafkaMicroserviceOptions::manual_commit) this is
    /// all that does, and it goes for all before it in the partition too.
    ///
    /// The broker is told within
    /// [`commit_interval`](crate::KafkaMicroserviceOptions::commit_interval).
    pub fn commit(&self) {
        if let Some(last) = self.records.last() {
            self.source.0.commit(last.offset);
        }
    }
}

impl KafkaReceived {
    /// The header of that name.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        wire::get(&self.headers, name)
    }

    pub(crate) fn new(message: &impl rdkafka::Message) -> Self {
        let headers: RawHeaders = wire::headers_of(message);
        let millis = message.timestamp().to_millis();
        let millis = millis.and_then(|millis| u64::try_from(millis).ok());
        Self {
            offset: message.offset(),
            key: message.key().map(Bytes::copy_from_slice),
            value: message.payload().map(Bytes::copy_from_slice),
            headers,
            timestamp: millis.map(|millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis)),
        }
    }
}

/// The partition a message came from.
#[derive(Clone)]
pub(crate) struct Source(pub(crate) Arc<Partition>);

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

//! What sends records: confirmed by the brokers, never twice.

use std::time::Duration;

use nestrs_core::{ErrorKind, TransportError};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::util::Timeout;

use crate::link::Link;

/// What sends, at the driver: what [`driver`](nestrs_core::Transport::driver)
/// of a client is.
pub type KafkaProducer = FutureProducer<Link>;

/// A record on its way out.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Option<OwnedHeaders>,
    pub(crate) partition: Option<i32>,
    pub(crate) timestamp: Option<i64>,
}

/// How records are sent, in librdkafka's words.
pub(crate) fn settings(
    linger: Duration,
    delivery_timeout: Duration,
    max_message_size: usize,
) -> Vec<(&'static str, String)> {
    // 0 is for ever.
    let delivery = match delivery_timeout {
        Duration::MAX => 0,
        limit => limit.as_millis().clamp(1, i32::MAX as u128),
    };
    vec![
        ("acks", "all".to_owned()),
        ("enable.idempotence", "true".to_owned()),
        ("linger.ms", linger.as_millis().to_string()),
        ("message.timeout.ms", delivery.to_string()),
        ("message.max.bytes", max_message_size.to_string()),
        // Java's and kafkajs's, so that a key has one partition whoever writes it.
        ("partitioner", "murmur2_random".to_owned()),
    ]
}

pub(crate) fn create(config: &ClientConfig, link: &Link) -> KafkaResult<KafkaProducer> {
    config.create_with_context(link.clone())
}

/// Sends a record and waits until the brokers have it.
///
/// # Cancel safety
///
/// A record that is waited for no more may be sent all the same.
pub(crate) async fn send(
    producer: &KafkaProducer,
    topic: &str,
    record: Record,
) -> Result<(), KafkaError> {
    let mut sent = FutureRecord::<[u8], [u8]>::to(topic);
    sent.key = record.key.as_deref();
    sent.payload = record.value.as_deref();
    sent.headers = record.headers;
    sent.partition = record.partition;
    sent.timestamp = record.timestamp;
    match producer.send(sent, Timeout::Never).await {
        Ok(_) => Ok(()),
        Err((error, _)) => Err(error),
    }
}

/// Waits until everything was sent that was to be sent.
pub(crate) async fn flush(producer: &KafkaProducer) {
    const LIMIT: Duration = Duration::from_secs(5);
    let producer = producer.clone();
    let flush = move || {
        if let Err(error) = producer.flush(LIMIT) {
            tracing::warn!(%error, "not everything could be sent to Kafka");
        }
    };
    // It fails only when the runtime ends.
    let _ = tokio::task::spawn_blocking(flush).await;
}

/// What a record was not sent for, in our words.
pub(crate) fn unsent(error: &KafkaError, topic: &str) -> TransportError {
    let (kind, why) = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageTimedOut) => (
            ErrorKind::Connect,
            "the brokers did not take it in time".to_owned(),
        ),
        Some(RDKafkaErrorCode::MessageSizeTooLarge) => (
            ErrorKind::PayloadTooLarge,
            "it is larger than `max_message_size`, or than the topic's `max.message.bytes`"
                .to_owned(),
        ),
        Some(
            RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownPartition,
        ) => (
            ErrorKind::Unavailable,
            "there is no such topic or partition: create it".to_owned(),
        ),
        _ => (ErrorKind::Unavailable, error.to_string()),
    };
    TransportError::of_kind(kind, format!("not sent to {topic:?}: {why}"))
}

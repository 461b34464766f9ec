//! What sends records: confirmed by the brokers, never twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nestrs_core::{ErrorKind, TransportError};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Statistics, config::RDKafkaLogLevel};
use tokio::sync::oneshot;

use crate::link::Link;
use crate::server::property;

/// How long a poll takes; what happens meanwhile is heard at once. The driver
/// waits in whole milliseconds, and is busy for what is left of the last: so it
/// is a little more than that.
const TURN: Duration = Duration::from_micros(500_050);
/// How long to wait where more is to be sent than the driver keeps.
const FULL: Duration = Duration::from_millis(10);

/// What sends: what [`driver`](nestrs_core::Transport::driver) of a client is.
/// Clones are the same.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_kafka::{KafkaProducer, KafkaTransport};
/// use nestrs_transport_kafka::rdkafka::producer::Producer;
///
/// # fn example(client: &KafkaTransport) -> Option<()> {
/// let driver = client.driver()?;
/// let producer: &KafkaProducer = driver.downcast_ref()?;
/// let waiting = producer.driver().in_flight_count();
/// # let _ = waiting;
/// # Some(())
/// # }
/// ```
#[derive(Clone)]
pub struct KafkaProducer(Arc<Polled>);

/// A producer, and the end of the thread that polls it.
struct Polled {
    driver: Arc<BaseProducer<KafkaDeliveries>>,
    is_over: Arc<AtomicBool>,
}

/// Tells who waits what became of a record.
#[derive(Clone)]
pub struct KafkaDeliveries(Link);

impl KafkaProducer {
    /// The driver's own producer. It is polled already. What is sent by it tells
    /// what became of it where its opaque's receiver is.
    pub fn driver(&self) -> &BaseProducer<KafkaDeliveries> {
        &self.0.driver
    }
}

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
        // How long a topic is waited for that may only be being created.
        ("topic.metadata.propagation.max.ms", "5000".to_owned()),
        // Java's and kafkajs's, so that a key has one partition whoever writes it.
        ("partitioner", "murmur2_random".to_owned()),
    ]
}

pub(crate) fn create(config: &ClientConfig, link: &Link) -> Result<KafkaProducer, String> {
    let deliveries = KafkaDeliveries(link.clone());
    let driver: BaseProducer<KafkaDeliveries> =
        config.create_with_context(deliveries).map_err(property)?;
    let (driver, is_over) = (Arc::new(driver), Arc::new(AtomicBool::new(false)));
    let poll = {
        let (driver, is_over) = (driver.clone(), is_over.clone());
        move || {
            while !is_over.load(Ordering::Relaxed) {
                driver.poll(TURN);
            }
        }
    };
    let thread = std::thread::Builder::new().name("nestrs-kafka-sent".to_owned());
    let started = thread.spawn(poll);
    started.map_err(|error| format!("no thread could be started: {error}"))?;
    Ok(KafkaProducer(Arc::new(Polled { driver, is_over })))
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
    let (told, delivered) = oneshot::channel();
    let mut sent = BaseRecord::<[u8], [u8], _>::with_opaque_to(topic, Box::new(told));
    sent.key = record.key.as_deref();
    sent.payload = record.value.as_deref();
    sent.headers = record.headers;
    sent.partition = record.partition;
    sent.timestamp = record.timestamp;
    while let Err((error, unsent)) = producer.driver().send(sent) {
        if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
            return Err(error);
        }
        sent = unsent;
        tokio::time::sleep(FULL).await;
    }
    // Who tells is there as long as the producer is.
    delivered.await.unwrap_or(Err(KafkaError::Canceled))
}

/// Waits until everything was sent that was to be sent.
pub(crate) async fn flush(producer: &KafkaProducer) {
    const LIMIT: Duration = Duration::from_secs(5);
    let producer = producer.clone();
    let flush = move || {
        if let Err(error) = producer.driver().flush(LIMIT) {
            tracing::warn!(%error, "not everything could be sent to Kafka");
        }
    };
    // It fails only when the runtime ends.
    let _ = tokio::task::spawn_blocking(flush).await;
}

impl Drop for Polled {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl ClientContext for KafkaDeliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }

    fn stats(&self, _: Statistics) {}
}

impl ProducerContext for KafkaDeliveries {
    type DeliveryOpaque = Box<oneshot::Sender<KafkaResult<()>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        let result = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        // Nobody waits for it any more in that case.
        let _ = told.send(result);
    }
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

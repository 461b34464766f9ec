//! Dead letters: events that failed for the last time, in a topic of their own.
//!
//! A dead letter is the record it was, key, value and headers, with these
//! headers added:
//!
//! | header | says |
//! |---|---|
//! | [`REASON`] | what the handler failed of |
//! | [`TOPIC`], [`PARTITION`], [`OFFSET`] | where the event was |
//! | [`ATTEMPTS`] | how often it was handled |
//! | [`GROUP`] | whose handler it was |

use std::sync::Arc;

use nestrs_core::TransportError;
use nestrs_core::backoff::Backoff;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rustc_hash::FxHashSet;
use tokio::sync::Mutex;

use crate::context::KafkaReceived;
use crate::link::Link;
use crate::producer::{self, KafkaProducer, Record};
use crate::topics::{self, KafkaTopics};
use crate::wire::header;

/// What the handler failed of.
pub const REASON: &str = "dead-letter-reason";
/// The topic in which the event was.
pub const TOPIC: &str = "dead-letter-topic";
/// The number of its partition there.
pub const PARTITION: &str = "dead-letter-partition";
/// Its offset in that partition.
pub const OFFSET: &str = "dead-letter-offset";
/// How often it was handled.
pub const ATTEMPTS: &str = "dead-letter-attempts";
/// The consumer group whose handler failed.
pub const GROUP: &str = "dead-letter-group";

const ALL: [&str; 6] = [REASON, TOPIC, PARTITION, OFFSET, ATTEMPTS, GROUP];

/// How an event failed.
pub(crate) struct Failed<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) group: &'a str,
    pub(crate) error: &'a TransportError,
    pub(crate) attempts: u32,
}

/// The topics of dead ones, where they are to be created as others are.
pub(crate) struct DeadTopics {
    pub(crate) like: KafkaTopics,
    pub(crate) config: ClientConfig,
    pub(crate) link: Link,
    /// Those that are there, and those that could not be had.
    pub(crate) known: Mutex<FxHashSet<String>>,
}

impl DeadTopics {
    /// Has a topic there, before the first dead one goes to it.
    pub(crate) async fn have(self: &Arc<Self>, topic: &str) {
        let mut known = self.known.lock().await;
        if known.contains(topic) {
            return;
        }
        let (topics, name) = (self.clone(), topic.to_owned());
        let create =
            move || topics::create(&topics.config, &topics.link, &topics.like, &[name.as_str()]);
        // It is given up only when the runtime ends.
        if let Ok(Err(why)) = tokio::task::spawn_blocking(create).await {
            tracing::warn!(topic, "{why}");
        }
        known.insert(topic.to_owned());
    }
}

/// Sends an event to the dead ones. It waits for brokers that are away as long
/// as it takes; what they refuse is only in the log, for its partition has to
/// go on.
pub(crate) async fn bury(
    producer: &KafkaProducer,
    to: &str,
    record: &KafkaReceived,
    failed: &Failed<'_>,
) {
    let mut backoff = Backoff::default();
    loop {
        let letter = Record {
            key: record.key.as_deref().map(<[u8]>::to_vec),
            value: record.value.as_deref().map(<[u8]>::to_vec),
            headers: Some(headers(record, failed)),
            ..Record::default()
        };
        let Err(error) = producer::send(producer, to, letter).await else {
            return;
        };
        let Failed {
            topic, partition, ..
        } = failed;
        let offset = record.offset;
        if !is_passing(&error) {
            tracing::error!(
                %error, to, topic, partition, offset,
                "an event could not be sent to the dead ones and is skipped"
            );
            return;
        }
        tracing::warn!(%error, to, topic, partition, offset, "an event is not sent to the dead ones yet");
        backoff.wait().await;
    }
}

fn is_passing(error: &KafkaError) -> bool {
    let code = error.rdkafka_error_code();
    code == Some(RDKafkaErrorCode::MessageTimedOut)
}

fn headers(record: &KafkaReceived, failed: &Failed<'_>) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new();
    for (name, value) in &record.headers {
        // Of one that has died before, the last time counts.
        if ALL.contains(&name.as_str()) {
            continue;
        }
        headers = headers.insert(rdkafka::message::Header {
            key: name,
            value: value.as_deref(),
        });
    }
    for (name, value) in [
        (REASON, failed.error.message.clone()),
        (TOPIC, failed.topic.to_owned()),
        (PARTITION, failed.partition.to_string()),
        (OFFSET, record.offset.to_string()),
        (ATTEMPTS, failed.attempts.to_string()),
        (GROUP, failed.group.to_owned()),
    ] {
        headers = header(headers, name, value.as_bytes());
    }
    headers
}

//! [`KafkaTopics`]: what topics are like that are not there yet, and having
//! them there.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer;
use rdkafka::{ClientConfig, ClientContext};

use crate::link::Link;
use crate::producer::KafkaProducer;

/// How long one question may take.
pub(crate) const QUESTION: Duration = Duration::from_secs(2);
/// How long a topic that is being created is waited for before it is asked for
/// again.
const PAUSE: Duration = Duration::from_millis(20);

/// What topics are like that are created.
///
/// ```
/// use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaTopics};
///
/// let options = KafkaMicroserviceOptions::new("localhost:9092").create_topics(KafkaTopics {
///     partitions: 12,
///     replicas: 3,
///     config: [("retention.ms".to_owned(), "86400000".to_owned())].into(),
/// });
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaTopics {
    /// How many partitions each has: as many replicas of a service can work at
    /// it. The broker's own number if it is -1.
    pub partitions: i32,
    /// How many brokers have each partition. The broker's own number if it is
    /// -1.
    pub replicas: i32,
    /// Settings of the topics, in Kafka's words.
    pub config: std::collections::BTreeMap<String, String>,
}

impl Default for KafkaTopics {
    fn default() -> Self {
        Self {
            partitions: -1,
            replicas: -1,
            config: Default::default(),
        }
    }
}

/// Has these topics there, and says how many partitions each has. `client` is
/// one whose questions do not have the broker create what they are for.
pub(crate) fn ensure<C: ClientContext>(
    client: &Client<C>,
    topics: &[String],
    creator: &Creator<'_>,
    until: Instant,
) -> Result<Vec<i32>, String> {
    let mut counts = vec![None; topics.len()];
    let mut has_created = false;
    loop {
        let mut why = String::new();
        let mut missing = Vec::new();
        for (topic, count) in topics.iter().zip(&mut counts) {
            if count.is_some() {
                continue;
            }
            match partitions(client, topic) {
                Ok(found) => *count = Some(found),
                Err(error) => {
                    if error.rdkafka_error_code() == Some(RDKafkaErrorCode::UnknownTopicOrPartition)
                    {
                        missing.push(topic.as_str());
                    }
                    why = format!("the topic {topic:?} cannot be had: {error}");
                }
            }
        }
        if let Some(counts) = counts.iter().copied().collect() {
            return Ok(counts);
        }
        if !missing.is_empty() && !std::mem::replace(&mut has_created, true) {
            creator.create(&missing)?;
        }
        if Instant::now() >= until {
            return Err(format!(
                "{why}; create it, or say `create_topics` if the broker does not by itself"
            ));
        }
        std::thread::sleep(PAUSE);
    }
}

/// How many partitions a topic has, once all have leaders.
fn partitions<C: ClientContext>(client: &Client<C>, topic: &str) -> Result<i32, KafkaError> {
    let metadata = client.fetch_metadata(Some(topic), QUESTION)?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let Some(found) = found else {
        let unknown = RDKafkaErrorCode::UnknownTopicOrPartition;
        return Err(KafkaError::MetadataFetch(unknown));
    };
    if let Some(error) = found.error() {
        return Err(KafkaError::MetadataFetch(error.into()));
    }
    let partitions = found.partitions();
    if partitions.is_empty() || partitions.iter().any(|one| one.leader() < 0) {
        let leader = RDKafkaErrorCode::LeaderNotAvailable;
        return Err(KafkaError::MetadataFetch(leader));
    }
    i32::try_from(partitions.len()).map_err(|_| KafkaError::Canceled)
}

/// What creates topics: we, if it is said what they are like, or the broker by
/// itself, if it does, for a producer that asks for them.
pub(crate) struct Creator<'a> {
    pub(crate) like: Option<&'a KafkaTopics>,
    pub(crate) config: &'a ClientConfig,
    pub(crate) link: &'a Link,
    pub(crate) producer: &'a KafkaProducer,
}

impl Creator<'_> {
    /// Creates topics; those that are there by now are left as they are.
    fn create(&self, names: &[&str]) -> Result<(), String> {
        if let Some(like) = self.like {
            return create(self.config, self.link, like, names);
        }
        for name in names {
            // Whether they come to be is asked anyway.
            let _ = self
                .producer
                .driver()
                .client()
                .fetch_metadata(Some(name), QUESTION);
        }
        Ok(())
    }
}

/// Creates topics, where blocking is allowed; those that are there are left as
/// they are.
pub(crate) fn create(
    config: &ClientConfig,
    link: &Link,
    like: &KafkaTopics,
    names: &[&str],
) -> Result<(), String> {
    let failed = |error: KafkaError| format!("topics could not be created: {error}");
    let admin: AdminClient<Link> = config.create_with_context(link.clone()).map_err(failed)?;
    let new = names.iter().map(|name| {
        let replication = TopicReplication::Fixed(like.replicas);
        let mut topic = NewTopic::new(name, like.partitions, replication);
        for (name, value) in &like.config {
            topic = topic.set(name, value);
        }
        topic
    });
    let new: Vec<_> = new.collect();
    let options = AdminOptions::new().request_timeout(Some(Duration::from_secs(10)));
    let created = futures_executor(admin.create_topics(&new, &options)).map_err(failed)?;
    for result in created {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, why)) => {
                return Err(format!(
                    "`create_topics`: the topic {name:?} was not created: {why}"
                ));
            }
        }
    }
    Ok(())
}

/// Waits where blocking is allowed.
fn futures_executor<F: Future>(future: F) -> F::Output {
    tokio::runtime::Handle::current().block_on(future)
}

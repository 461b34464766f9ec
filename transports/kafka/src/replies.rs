//! Where replies come to: of each topic of replies one partition, chosen by
//! chance and assigned to this client, with no group that could take it away.
//! Other clients may read it too; whose a reply is, its correlation id says.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nestrs_core::packet::ReplyPacket;
use nestrs_core::{ErrorKind, TransportError};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use rustc_hash::FxHashMap;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::client::KafkaTransportOptions;
use crate::context::KafkaReceived;
use crate::encoding::{self, Said};
use crate::link::Link;
use crate::producer::KafkaProducer;
use crate::server::property;
use crate::topics::{self, Creator, KafkaTopics, QUESTION};
use crate::wire::{CORRELATION_ID, ERROR, IS_DISPOSED, error_of, said};

/// How long a poll waits for a reply: as long as that of the producer, see there.
const TURN: Duration = Duration::from_micros(500_050);
/// How long a topic of replies may take to be created.
const CREATION: Duration = Duration::from_secs(10);
/// A topic that nobody has: asking for it shows whether anybody answers.
const NO_TOPIC: &str = "nestrs.is-anybody-there";

/// The replies a client receives. Clones are the same.
#[derive(Clone)]
pub(crate) struct ReplyTopics(Arc<Shared>);

struct Shared {
    consumer: Arc<BaseConsumer<Link>>,
    producer: KafkaProducer,
    config: ClientConfig,
    create: Option<KafkaTopics>,
    link: Link,
    topics: Mutex<FxHashMap<String, Arc<ReplyTopic>>>,
}

/// The partition of a topic, once it is read.
#[derive(Default)]
struct ReplyTopic {
    partition: OnceCell<i32>,
    /// The same, known also if whoever asked for it first did not wait for it:
    /// a partition is assigned once.
    begun: Mutex<Option<i32>>,
}

/// A reply, and whose it is.
pub(crate) struct Reply {
    pub(crate) correlation_id: String,
    pub(crate) packet: ReplyPacket,
}

impl ConsumerContext for Link {}

impl ReplyTopics {
    /// Begins to read, in a thread of its own; there is nothing to read yet.
    pub(crate) fn open(
        options: &KafkaTransportOptions,
        link: &Link,
        producer: &KafkaProducer,
        ended: CancellationToken,
        received: impl Fn(Reply) + Send + 'static,
    ) -> Result<Self, String> {
        let mut config = options.connection.config(
            "client",
            &[
                ("allow.auto.create.topics", "false".to_owned()),
                ("auto.offset.reset", "latest".to_owned()),
                // A topic that is added waits until this is over for the others.
                ("fetch.wait.max.ms", "100".to_owned()),
                ("fetch.error.backoff.ms", "100".to_owned()),
            ],
        )?;
        // It is asked for, though no group is ever joined and nothing committed.
        config
            .set(
                "group.id",
                format!("{}-client", options.connection.client_id),
            )
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false");
        let consumer: BaseConsumer<Link> =
            config.create_with_context(link.clone()).map_err(property)?;
        let consumer = Arc::new(consumer);
        let shared = Self(Arc::new(Shared {
            consumer: consumer.clone(),
            producer: producer.clone(),
            config,
            create: options.create_topics.clone(),
            link: link.clone(),
            topics: Mutex::default(),
        }));
        let all = shared.clone();
        let read = move || {
            // Here is where all of it ends.
            let _all = all;
            while !ended.is_cancelled() {
                if let Some(Ok(message)) = consumer.poll(TURN)
                    && let Some(reply) = read(&KafkaReceived::new(&message))
                {
                    received(reply);
                }
            }
        };
        let thread = std::thread::Builder::new().name("nestrs-kafka-replies".to_owned());
        let started = thread.spawn(read);
        started.map_err(|error| format!("no thread could be started: {error}"))?;
        Ok(shared)
    }

    /// Whether a broker answers.
    pub(crate) async fn asks_brokers(&self) -> bool {
        const ATTEMPT: Duration = Duration::from_millis(500);
        let consumer = self.0.consumer.clone();
        let ask = move || consumer.fetch_metadata(Some(NO_TOPIC), ATTEMPT).is_ok();
        tokio::task::spawn_blocking(ask).await.unwrap_or(false)
    }

    /// The partition of a topic that is read, from its first use on.
    pub(crate) async fn partition_of(&self, topic: &str) -> Result<i32, TransportError> {
        let known = {
            let mut topics = lock(&self.0.topics);
            match topics.get(topic) {
                Some(known) => known.clone(),
                None => topics.entry(topic.to_owned()).or_default().clone(),
            }
        };
        let begin = || async {
            let (shared, known, topic) = (self.0.clone(), known.clone(), topic.to_owned());
            let begun = tokio::task::spawn_blocking(move || shared.begin_once(&known, &topic));
            let begun = begun.await.unwrap_or_else(|error| Err(error.to_string()));
            begun.map_err(|why| {
                let message = format!("replies cannot be received: {why}");
                TransportError::of_kind(ErrorKind::Connect, message)
            })
        };
        known.partition.get_or_try_init(begin).await.copied()
    }
}

impl Shared {
    fn begin_once(&self, known: &ReplyTopic, topic: &str) -> Result<i32, String> {
        let mut begun = lock(&known.begun);
        if let Some(number) = *begun {
            return Ok(number);
        }
        let number = self.begin(topic)?;
        *begun = Some(number);
        Ok(number)
    }

    /// Reads a topic from its end on.
    fn begin(&self, topic: &str) -> Result<i32, String> {
        let creator = Creator {
            like: self.create.as_ref(),
            config: &self.config,
            link: &self.link,
            producer: &self.producer,
        };
        let names = [topic.to_owned()];
        let until = Instant::now() + CREATION;
        let counts = topics::ensure(self.consumer.client(), &names, &creator, until)?;
        let count = counts.first().copied().unwrap_or(1);
        let number = chance(count);
        let assigned = || -> Result<(), KafkaError> {
            let (_, next) = self.consumer.fetch_watermarks(topic, number, QUESTION)?;
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(topic, number, Offset::Offset(next))?;
            self.consumer.incremental_assign(&list)
        };
        assigned().map_err(|error| format!("{topic:?}: {error}"))?;
        Ok(number)
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One of so many. The keys of a fresh hasher are the chance that the standard
/// library has.
fn chance(count: i32) -> i32 {
    let random = RandomState::new().hash_one(0_u8);
    let count = u64::try_from(count.max(1)).unwrap_or(1);
    i32::try_from(random % count).unwrap_or(0)
}

/// A reply as NestJS's clients read it: an error is the end, and so is what says
/// so.
fn read(record: &KafkaReceived) -> Option<Reply> {
    let correlation_id = std::str::from_utf8(record.header(CORRELATION_ID)?).ok()?;
    let said = said(&record.headers);
    let value = || encoding::decode(record.value.as_ref(), said);
    let (body, is_last) = match record.header(ERROR) {
        Some(error) => (Err(error_of(error)), true),
        None => {
            let item = (said != Some(Said::Nothing)).then(value);
            (Ok(item), record.header(IS_DISPOSED).is_some())
        }
    };
    Some(Reply {
        correlation_id: correlation_id.to_owned(),
        packet: ReplyPacket {
            id: None,
            body,
            is_last,
        },
    })
}

//! A server's place in its consumer group: which partitions it has, and how
//! they come and go.
//!
//! The next file on a message's path is `partition.rs`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nestrs_core::Shutdown;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Offset, Statistics, TopicPartitionList};
use rustc_hash::FxHashMap;
use tokio_util::sync::CancellationToken;

use crate::handling::Desk;
use crate::link::Link;
use crate::partition::Partition;
use crate::route::Route;
use crate::sharing::KafkaSharing;

/// How long one question to the brokers may take.
const QUESTION: Duration = Duration::from_secs(5);
/// How long to wait before it is asked again.
const PAUSE: Duration = Duration::from_millis(100);

/// What a server does with the partitions it is given.
pub(crate) struct Group {
    pub(crate) link: Link,
    pub(crate) desk: Arc<Desk>,
    pub(crate) routes: FxHashMap<String, Arc<Route>>,
    pub(crate) manual_commit: bool,
    pub(crate) from_beginning: bool,
    pub(crate) sharing: KafkaSharing,
    /// How long partitions that are taken away wait for what is in hand.
    pub(crate) rebalance_timeout: Duration,
    pub(crate) shutdown: Shutdown,
    /// That the runtime has ended, or the start was given up.
    pub(crate) ended: CancellationToken,
    partitions: Mutex<Partitions>,
    has_joined: AtomicBool,
    /// How often partitions were given or taken away.
    rebalances: AtomicUsize,
    /// That the brokers do not know how far some partition has come.
    is_untold: AtomicBool,
}

/// By topic and number.
type Partitions = FxHashMap<String, BTreeMap<i32, Arc<Partition>>>;

impl Group {
    pub(crate) fn new(
        link: Link,
        desk: Arc<Desk>,
        routes: Vec<Route>,
        shutdown: Shutdown,
        ended: CancellationToken,
    ) -> Self {
        let by_topic = |route: Route| (route.topic.to_string(), Arc::new(route));
        Self {
            link,
            desk,
            routes: routes.into_iter().map(by_topic).collect(),
            manual_commit: false,
            from_beginning: false,
            sharing: KafkaSharing::default(),
            rebalance_timeout: Duration::from_secs(60),
            shutdown,
            ended,
            partitions: Mutex::default(),
            has_joined: AtomicBool::new(false),
            rebalances: AtomicUsize::new(0),
            is_untold: AtomicBool::new(false),
        }
    }

    /// Whether the group has let this server in. It may have no partition.
    pub(crate) fn has_joined(&self) -> bool {
        self.has_joined.load(Ordering::Acquire)
    }

    /// How often partitions were given or taken away so far.
    pub(crate) fn rebalances(&self) -> usize {
        self.rebalances.load(Ordering::Acquire)
    }

    pub(crate) fn partition(&self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        self.lock().get(topic)?.get(&number).cloned()
    }

    /// All there are.
    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        let partitions = self.lock();
        partitions
            .values()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }

    /// How far these partitions have come.
    pub(crate) fn positions(partitions: &[Arc<Partition>]) -> KafkaResult<TopicPartitionList> {
        offsets(partitions, Partition::position)
    }

    /// How far those have come that have come further than was told last time.
    pub(crate) fn news(&self) -> KafkaResult<TopicPartitionList> {
        offsets(
            self.lock().values().flat_map(BTreeMap::values),
            Partition::news,
        )
    }

    /// Whether brokers could not be told how far some partition has come. It is
    /// for who asks to tell them.
    pub(crate) fn is_untold(&self) -> bool {
        self.is_untold.swap(false, Ordering::AcqRel)
    }

    /// Whether nothing waits and nothing is in hand.
    pub(crate) fn is_idle(&self) -> bool {
        let partitions = self.lock();
        let mut all = partitions.values().flat_map(BTreeMap::values);
        all.all(|partition| partition.unfinished() == 0)
    }

    fn assign(
        &self,
        consumer: &BaseConsumer<Self>,
        given: &mut TopicPartitionList,
    ) -> KafkaResult<()> {
        let begun = self.begin_at(consumer, given);
        match self.sharing {
            KafkaSharing::Sticky => consumer.incremental_assign(given)?,
            KafkaSharing::Even => consumer.assign(given)?,
        }
        let mut partitions = self.lock();
        for one in given.elements() {
            let Some(route) = self.routes.get(one.topic()) else {
                continue;
            };
            let number = one.partition();
            let desk = self.desk.clone();
            let partition = Partition::start(route.clone(), number, self.manual_commit, desk);
            let of_topic = partitions.entry(one.topic().to_owned()).or_default();
            of_topic.insert(number, partition);
        }
        drop(partitions);
        // Whoever comes after a crash is to begin where this server did.
        if begun.count() > 0 {
            consumer.commit(&begun, CommitMode::Sync)?;
        }
        Ok(())
    }

    /// Sets from where on partitions are read: where the group has stopped, or
    /// else, and these are the answer, where its first member begins.
    fn begin_at(
        &self,
        consumer: &BaseConsumer<Self>,
        given: &mut TopicPartitionList,
    ) -> TopicPartitionList {
        loop {
            match self.try_begin_at(consumer, given) {
                Ok(begun) => return begun,
                Err(error) => tracing::debug!(%error, "offsets are not known yet"),
            }
            // The group takes the partitions away meanwhile, if it takes too long.
            if self.is_over() || consumer.assignment_lost() {
                return TopicPartitionList::new();
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn try_begin_at(
        &self,
        consumer: &BaseConsumer<Self>,
        given: &mut TopicPartitionList,
    ) -> KafkaResult<TopicPartitionList> {
        let mut begun = TopicPartitionList::new();
        if given.count() == 0 {
            return Ok(begun);
        }
        let committed = consumer.committed_offsets(given.clone(), QUESTION)?;
        for one in committed.elements() {
            one.error()?;
            let (topic, number) = (one.topic(), one.partition());
            let offset = match one.offset() {
                Offset::Offset(offset) => Offset::Offset(offset),
                _ => {
                    let (first, next) = consumer.fetch_watermarks(topic, number, QUESTION)?;
                    let offset = if self.from_beginning { first } else { next };
                    begun.add_partition_offset(topic, number, Offset::Offset(offset))?;
                    Offset::Offset(offset)
                }
            };
            given.set_partition_offset(topic, number, offset)?;
        }
        Ok(begun)
    }

    /// Lets partitions go: no record of them is begun any more, what is in hand
    /// is finished, and the broker is told how far it came.
    fn revoke(&self, consumer: &BaseConsumer<Self>, taken: &TopicPartitionList) -> KafkaResult<()> {
        let is_lost = consumer.assignment_lost();
        let taken_away = self.take_away(taken);
        taken_away.iter().for_each(|partition| partition.stop());
        let until = Instant::now() + self.rebalance_timeout;
        for partition in &taken_away {
            // Who has the partition by now does not wait for us.
            if !is_lost && !self.drain(partition, until) {
                tracing::warn!(
                    topic = %partition.route.topic,
                    partition = partition.number,
                    "a handler outlasts `rebalance_timeout`: its message will be handled again elsewhere"
                );
            }
        }
        let mut committed = Ok(());
        if !is_lost && !self.is_over() {
            let offsets = Self::positions(&taken_away)?;
            if offsets.count() > 0 {
                committed = consumer.commit(&offsets, CommitMode::Sync);
            }
        }
        match self.sharing {
            KafkaSharing::Sticky => consumer.incremental_unassign(taken)?,
            KafkaSharing::Even => consumer.unassign()?,
        }
        committed
    }

    fn drain(&self, partition: &Partition, until: Instant) -> bool {
        loop {
            let step = Instant::now() + PAUSE;
            if partition.drain(step.min(until)) {
                return true;
            }
            if step >= until || self.is_over() {
                return false;
            }
        }
    }

    fn take_away(&self, taken: &TopicPartitionList) -> Vec<Arc<Partition>> {
        let mut partitions = self.lock();
        let found = taken.elements().into_iter().filter_map(|one| {
            let of_topic = partitions.get_mut(one.topic())?;
            of_topic.remove(&one.partition())
        });
        found.collect()
    }

    /// Whether nothing is finished any more.
    fn is_over(&self) -> bool {
        self.ended.is_cancelled()
    }

    fn lock(&self) -> MutexGuard<'_, Partitions> {
        // No code that can panic runs under the lock.
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn offsets<'a>(
    partitions: impl IntoIterator<Item = &'a Arc<Partition>>,
    offset_of: fn(&Partition) -> Option<i64>,
) -> KafkaResult<TopicPartitionList> {
    let mut offsets = TopicPartitionList::new();
    for partition in partitions {
        if let Some(offset) = offset_of(partition) {
            let topic = &partition.route.topic;
            offsets.add_partition_offset(topic, partition.number, Offset::Offset(offset))?;
        }
    }
    Ok(offsets)
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.link.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.link.error(error, reason);
    }

    fn stats(&self, _: Statistics) {}
}

impl ConsumerContext for Group {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        self.rebalances.fetch_add(1, Ordering::AcqRel);
        // Whoever asks a closed one anything waits for ever.
        if consumer.closed() {
            return;
        }
        let done = match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                let assigned = self.assign(consumer, partitions);
                self.has_joined.store(true, Ordering::Release);
                assigned
            }
            _ => self.revoke(consumer, partitions),
        };
        match done {
            Ok(()) => tracing::debug!(group = self.desk.group, ?what, ?partitions, "rebalanced"),
            Err(error) => tracing::warn!(%error, group = self.desk.group, "while rebalancing"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        let each = || offsets.elements().iter().try_for_each(|one| one.error());
        if let Err(error) = result.and_then(|()| each()) {
            if error.rdkafka_error_code() == Some(RDKafkaErrorCode::NoOffset) {
                // They are known already.
                return;
            }
            tracing::debug!(%error, ?offsets, "offsets were not committed");
            self.is_untold.store(true, Ordering::Release);
        }
    }
}

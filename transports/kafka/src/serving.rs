//! The thread that a server's consumer lives in. It polls all the time,
//! whatever handlers do, so that the group never takes this server for gone;
//! what is received faster than it is handled is paused.
//!
//! The next file on a message's path is `group.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nestrs_core::{ErrorKind, StartError, TransportError};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Message, TopicPartitionList};

use crate::context::KafkaReceived;
use crate::group::Group;
use crate::partition::Partition;
use crate::topics::{self, Creator, KafkaTopics};

/// How long a poll waits for a message.
const TURN: Duration = Duration::from_millis(100);
/// The same where something is waited for meanwhile.
const SHORT_TURN: Duration = Duration::from_millis(5);
/// How long one attempt to reach a broker may take: the driver says so once there
/// is one.
const ATTEMPT: Duration = Duration::from_millis(500);

pub(crate) struct Serving {
    consumer: BaseConsumer<Group>,
    /// Those whose records wait too long a queue.
    paused: Vec<Arc<Partition>>,
    next_look: Instant,
    /// That nothing was in hand when that was looked at.
    is_idle: bool,
    commit_interval: Duration,
    prefetch: usize,
}

/// What has to be there before messages can come.
pub(crate) struct Needs {
    pub(crate) topics: Vec<String>,
    pub(crate) create: Option<KafkaTopics>,
    pub(crate) connect_timeout: Duration,
}

impl Serving {
    pub(crate) fn new(
        config: &ClientConfig,
        group: Group,
        commit_interval: Duration,
        prefetch: usize,
    ) -> Result<Self, KafkaError> {
        Ok(Self {
            consumer: config.create_with_context(group)?,
            paused: Vec::new(),
            next_look: Instant::now(),
            is_idle: true,
            commit_interval,
            prefetch: prefetch.max(1),
        })
    }

    /// Connects, has the topics there, and joins the group.
    pub(crate) fn begin(&mut self, config: &ClientConfig, needs: &Needs) -> Result<(), StartError> {
        let give_up = Instant::now() + needs.connect_timeout;
        self.connect(give_up, needs)?;
        // A broker that has just come takes its time to be of use.
        let give_up = Instant::now() + needs.connect_timeout;
        let group = self.group();
        let creator = Creator {
            like: needs.create.as_ref(),
            config,
            link: &group.link,
            producer: &group.desk.producer,
        };
        let invalid = |message| StartError::Options { message };
        topics::ensure(self.consumer.client(), &needs.topics, &creator, give_up)
            .map_err(invalid)?;
        let names: Vec<_> = needs.topics.iter().map(String::as_str).collect();
        if names.is_empty() {
            return Ok(());
        }
        let refused = |error: KafkaError| self.refused(error.to_string());
        self.consumer.subscribe(&names).map_err(refused)?;
        while !self.group().has_joined() {
            if let Some(Err(error)) = self.consumer.poll(TURN)
                && is_lasting(&error)
            {
                return Err(self.refused(words(&error)));
            }
            if Instant::now() >= give_up {
                let group = &self.group().desk.group;
                let why = format!("the group {group:?} has not let this server in");
                return Err(self.refused(why));
            }
            self.check_ended()?;
        }
        Ok(())
    }

    fn connect(&self, give_up: Instant, needs: &Needs) -> Result<(), StartError> {
        let link = &self.group().link;
        let mut has_warned = false;
        loop {
            let answer = self
                .consumer
                .fetch_metadata(needs.topics.first().map(String::as_str), ATTEMPT);
            if answer.is_ok() {
                link.is_up();
                if has_warned {
                    tracing::info!(brokers = link.brokers(), "connected to Kafka");
                }
                return Ok(());
            }
            // What is wrong is told while polling.
            let next = Instant::now() + TURN;
            while Instant::now() < next && link.refused().is_none() {
                let left = next.saturating_duration_since(Instant::now());
                self.consumer.poll(left);
            }
            if let Some(why) = link.refused() {
                return Err(self.refused(why));
            }
            if Instant::now() >= give_up {
                return Err(self.refused(link.why()));
            }
            if !std::mem::replace(&mut has_warned, true) {
                let (brokers, why) = (link.brokers(), link.why());
                tracing::warn!(brokers, "cannot connect to Kafka, trying again: {why}");
            }
            self.check_ended()?;
        }
    }

    /// Serves until the server is stopped and has finished what is in hand.
    pub(crate) fn run(mut self) {
        let shutdown = self.group().shutdown.clone();
        let ended = self.group().ended.clone();
        while !shutdown.is_stopping() && !ended.is_cancelled() {
            let wait = match (self.paused.is_empty(), self.is_idle) {
                (true, true) => TURN,
                (true, false) => TURN.min(self.commit_interval),
                _ => SHORT_TURN.min(self.commit_interval),
            };
            self.turn(wait);
        }
        let partitions = self.group().partitions();
        partitions.iter().for_each(|partition| partition.stop());
        let in_hand = |partition: &Arc<Partition>| partition.in_hand() > 0;
        // The group is to know that this server is there until it is done.
        while self.group().partitions().iter().any(in_hand) && !ended.is_cancelled() {
            self.turn(SHORT_TURN);
        }
        if !ended.is_cancelled() {
            self.commit();
        }
        self.group().link.is_closed();
    }

    fn turn(&mut self, wait: Duration) {
        match self.consumer.poll(wait) {
            Some(Ok(message)) => {
                self.is_idle = false;
                let partition = self.group().partition(message.topic(), message.partition());
                if let Some(partition) = partition {
                    let waiting = partition.receive(KafkaReceived::new(&message));
                    drop(message);
                    if waiting == self.prefetch {
                        self.pause(partition);
                    }
                }
            }
            Some(Err(error)) => told(&error),
            None => {}
        }
        self.resume();
        if Instant::now() >= self.next_look {
            self.next_look = Instant::now() + self.commit_interval;
            // First this: what ends in between is told now.
            self.is_idle = self.group().is_idle();
            self.tell();
            self.look_for_brokers();
        }
    }

    fn pause(&mut self, partition: Arc<Partition>) {
        match self.consumer.pause(&only(&partition)) {
            Ok(()) => self.paused.push(partition),
            Err(error) => tracing::warn!(%error, "a partition was not paused"),
        }
    }

    /// Goes on with those that have worked off half of what they had.
    fn resume(&mut self) {
        let (consumer, half) = (&self.consumer, self.prefetch / 2);
        self.paused.retain(|partition| {
            if partition.unfinished() > half {
                return true;
            }
            if let Err(error) = consumer.resume(&only(partition)) {
                // It was taken away meanwhile.
                tracing::debug!(%error, "a partition was not resumed");
            }
            false
        });
    }

    /// Tells the brokers how far partitions have come, if that is news, and does
    /// not wait.
    fn tell(&self) {
        let group = self.group();
        let news = group.news();
        let has_news = news.as_ref().is_ok_and(|news| news.count() > 0);
        if !has_news && !group.is_untold() {
            return;
        }
        // What was not told the last time is told along with it.
        let stored = news.and_then(|news| self.consumer.store_offsets(&news));
        let told = self.consumer.commit_consumer_state(CommitMode::Async);
        if let Err(error) = stored.and(told) {
            // One was taken away meanwhile: that was its commit.
            tracing::debug!(%error, "offsets were not committed");
        }
    }

    /// Tells the brokers how far partitions have come, and waits until they know.
    fn commit(&self) {
        let offsets = Group::positions(&self.group().partitions());
        let committed = offsets.and_then(|offsets| match offsets.count() {
            0 => Ok(()),
            _ => self.consumer.commit(&offsets, CommitMode::Sync),
        });
        if let Err(error) = committed {
            tracing::warn!(%error, "offsets were not committed: messages will be handled again");
        }
    }

    /// Where they were lost.
    fn look_for_brokers(&self) {
        let group = self.group();
        if !group.link.is_down() {
            return;
        }
        let topic = group.routes.keys().next().map(String::as_str);
        if self.consumer.fetch_metadata(topic, ATTEMPT).is_ok() {
            group.link.is_up();
        }
    }

    fn check_ended(&self) -> Result<(), StartError> {
        let group = self.group();
        match group.ended.is_cancelled() || group.shutdown.is_stopping() {
            true => Err(self.refused("the server was stopped before it had started".to_owned())),
            false => Ok(()),
        }
    }

    fn refused(&self, why: String) -> StartError {
        StartError::Connect {
            address: self.group().link.brokers().to_owned(),
            source: TransportError::of_kind(ErrorKind::Connect, why),
        }
    }

    fn group(&self) -> &Group {
        self.consumer.context()
    }
}

impl Drop for Serving {
    /// Leaves the group. What the driver has still to say of partitions is heard
    /// out first: when it is closed while two such things wait, it ends with our
    /// answer to the first of them, and then waits for ever for the second.
    fn drop(&mut self) {
        self.consumer.unsubscribe();
        let mut heard = Instant::now();
        while heard.elapsed() < SHORT_TURN {
            let before = self.group().rebalances();
            let message = self.consumer.poll(SHORT_TURN);
            if message.is_some() || self.group().rebalances() != before {
                heard = Instant::now();
            }
        }
    }
}

fn only(partition: &Partition) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(&partition.route.topic, partition.number);
    list
}

fn is_lasting(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::InconsistentGroupProtocol
                | RDKafkaErrorCode::InvalidGroupId
                | RDKafkaErrorCode::InvalidSessionTimeout
        )
    )
}

fn words(error: &KafkaError) -> String {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::InconsistentGroupProtocol) => format!(
            "{error} (somebody else shares out the group's partitions in another way, as NestJS \
             does: choose another `group_id`)"
        ),
        Some(RDKafkaErrorCode::InvalidSessionTimeout) => format!(
            "{error} (`session_timeout` is not what the broker allows: see its \
             `group.min.session.timeout.ms` and `group.max.session.timeout.ms`)"
        ),
        _ => error.to_string(),
    }
}

/// What goes wrong while receiving goes right again, or the log has to tell.
fn told(error: &KafkaError) {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::AllBrokersDown
            | RDKafkaErrorCode::BrokerTransportFailure
            | RDKafkaErrorCode::Resolve
            | RDKafkaErrorCode::OperationTimedOut,
        ) => tracing::debug!(%error, "while receiving"),
        _ => tracing::warn!(%error, "while receiving"),
    }
}

//! The listening side: options, and the thread that is started from them.
//!
//! The next file on a message's path is `serving.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::Intake;
use nestrs_core::{Dispatch, RunningServer, Shutdown, StartError, TransportServer};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use tokio::sync::{Mutex, oneshot};
use tokio_util::sync::CancellationToken;

use crate::MAX_MESSAGE_SIZE;
use crate::broker::KafkaConnection;
use crate::dead::DeadTopics;
use crate::failure::KafkaFailurePolicy;
use crate::group::Group;
use crate::handling::Desk;
use crate::link::Link;
use crate::producer;
use crate::route::{KafkaOrder, Route};
use crate::serving::{Needs, Serving};
use crate::sharing::KafkaSharing;
use crate::topics::KafkaTopics;
use crate::wire::topic_error;

/// A Kafka server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaTopics};
///
/// let options = KafkaMicroserviceOptions::new("localhost:9092")
///     .group_id("orders")
///     .create_topics(KafkaTopics::default());
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct KafkaMicroserviceOptions {
    /// Where the brokers are.
    pub connection: KafkaConnection,
    /// The consumer group that all replicas of the service are in; `-server` is
    /// put behind it, as by NestJS. The service's own name unless told
    /// otherwise. Servers of nestrs and of NestJS cannot be in one group: they
    /// share out partitions in different ways.
    pub group_id: Option<String>,
    /// What topics are like that are not there yet, those of dead letters
    /// included. Without it the broker creates them as it does by itself, if it
    /// does.
    pub create_topics: Option<KafkaTopics>,
    /// Whether a group that is new begins with what topics have, instead of
    /// with what comes from now on: NestJS's `fromBeginning`.
    pub from_beginning: bool,
    /// Which replica of the service gets which partitions.
    pub sharing: KafkaSharing,
    /// In which order events are handled.
    pub order: KafkaOrder,
    /// What becomes of an event whose handler failed.
    pub on_failure: KafkaFailurePolicy,
    /// Whether only [`KafkaContext::commit`](crate::KafkaContext::commit) says
    /// what is done with, and not the end of a handler.
    pub manual_commit: bool,
    /// How often the brokers are told what is done with; 50 ms unless told
    /// otherwise. What was not told yet is handled again after a crash.
    pub commit_interval: Duration,
    /// How many records of a partition are received before the first of them is
    /// done with; 500 unless told otherwise.
    pub prefetch: usize,
    /// How many messages may be in hand at a time; 4,096 unless told otherwise.
    pub max_in_flight: usize,
    /// After how long without a sign the group takes this server for gone; 30 s
    /// unless told otherwise, as in NestJS.
    pub session_timeout: Duration,
    /// How long partitions that go to another replica wait for the handlers at
    /// work on them; 60 s unless told otherwise. No longer than
    /// `max.poll.interval.ms`, or the group takes this server for gone.
    pub rebalance_timeout: Duration,
    /// The largest record that is sent, in bytes; 1 MB unless told otherwise,
    /// which is what brokers take by default.
    pub max_message_size: usize,
    /// How long to wait for a broker at the start, and then for the group to let
    /// this server in; 30 s each unless told otherwise. Once the server runs it
    /// waits as long as it takes.
    pub connect_timeout: Duration,
}

impl Default for KafkaMicroserviceOptions {
    fn default() -> Self {
        Self::new(KafkaConnection::default())
    }
}

impl KafkaMicroserviceOptions {
    /// Options to serve at a cluster (`"localhost:9092"`).
    pub fn new(connection: impl Into<KafkaConnection>) -> Self {
        Self {
            connection: connection.into(),
            group_id: None,
            create_topics: None,
            from_beginning: false,
            sharing: KafkaSharing::default(),
            order: KafkaOrder::default(),
            on_failure: KafkaFailurePolicy::default(),
            manual_commit: false,
            commit_interval: Duration::from_millis(50),
            prefetch: 500,
            max_in_flight: 4_096,
            session_timeout: Duration::from_secs(30),
            rebalance_timeout: Duration::from_secs(60),
            max_message_size: MAX_MESSAGE_SIZE,
            connect_timeout: Duration::from_secs(30),
        }
    }

    /// The same in another consumer group.
    #[must_use]
    pub fn group_id(mut self, group_id: impl Into<String>) -> Self {
        self.group_id = Some(group_id.into());
        self
    }

    /// The same, with topics created that are not there.
    #[must_use]
    pub fn create_topics(mut self, like: KafkaTopics) -> Self {
        self.create_topics = Some(like);
        self
    }

    /// The same, with something else to do about events that failed.
    #[must_use]
    pub fn on_failure(mut self, on_failure: KafkaFailurePolicy) -> Self {
        self.on_failure = on_failure;
        self
    }

    fn group(&self, dispatch: &dyn Dispatch) -> String {
        let service = dispatch.service();
        let name = self.group_id.as_deref().or(service);
        format!("{}-server", name.unwrap_or("nestjs-group"))
    }

    fn routes(&self, dispatch: &dyn Dispatch) -> Result<Vec<Route>, String> {
        let routes = dispatch.routes();
        let routes = routes.iter().map(|route| {
            let error = topic_error(route).or_else(|| self.on_failure.error(route));
            match error {
                Some(why) => Err(why),
                None => Route::new(route, self.order, &dispatch.extras(route)),
            }
        });
        routes.collect()
    }

    fn consumer(&self, group: &str) -> Result<ClientConfig, String> {
        let session = self.session_timeout.as_millis();
        let heartbeat = (session / 10).clamp(1, 1_000);
        let mut config = self.connection.config(
            "server",
            &[
                ("session.timeout.ms", session.to_string()),
                // The answer to one says that partitions are shared out anew.
                ("heartbeat.interval.ms", heartbeat.to_string()),
                (
                    "partition.assignment.strategy",
                    self.sharing.strategy().to_owned(),
                ),
                // Where a group begins is decided by us; this is for what was
                // deleted before it was read.
                ("auto.offset.reset", "earliest".to_owned()),
                // They are created by who says what they are like.
                ("allow.auto.create.topics", "false".to_owned()),
                // What comes to partitions that were paused is not to wait for long.
                ("fetch.wait.max.ms", "100".to_owned()),
                ("fetch.error.backoff.ms", "100".to_owned()),
            ],
        )?;
        config
            .set("group.id", group)
            // What is done with is for us to say.
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "false");
        Ok(config)
    }

    fn producer(&self) -> Result<ClientConfig, String> {
        let settings = producer::settings(
            Duration::ZERO,
            Duration::from_secs(30),
            self.max_message_size,
        );
        self.connection.config("server", &settings)
    }
}

#[async_trait]
impl TransportServer for KafkaMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "kafka"
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let options = *self;
        let invalid = |message| StartError::Options { message };
        let routes = options.routes(&*dispatch).map_err(invalid)?;
        let group_id = options.group(&*dispatch);
        let consumer = options.consumer(&group_id).map_err(invalid)?;
        let producer = options.producer().map_err(invalid)?;
        let unmade = move |error| invalid(property(error));
        let link = Link::new(options.connection.address());
        let intake = Intake::new(options.max_in_flight, shutdown.clone());
        let dead_topics = options.create_topics.clone().map(|like| {
            Arc::new(DeadTopics {
                like,
                config: consumer.clone(),
                link: Link::new(link.brokers().to_owned()),
                known: Mutex::default(),
            })
        });
        let desk = Arc::new(Desk {
            dispatch,
            intake: intake.clone(),
            on_failure: options.on_failure.clone(),
            dead_topics,
            group: group_id,
            // What the replies' connections do says nothing of the server's.
            producer: producer::create(&producer, &Link::new(link.brokers().to_owned()))
                .map_err(invalid)?,
        });
        let needs = Needs {
            topics: routes.iter().map(|route| route.topic.to_string()).collect(),
            create: options.create_topics.clone(),
            connect_timeout: options.connect_timeout,
        };
        let ended = CancellationToken::new();
        let mut group = Group::new(link.clone(), desk, routes, shutdown.clone(), ended.clone());
        group.manual_commit = options.manual_commit;
        group.from_beginning = options.from_beginning;
        group.sharing = options.sharing;
        group.rebalance_timeout = options.rebalance_timeout;

        // Who gives up the start, or ends the runtime, ends the thread.
        let guard = ended.clone().drop_guard();
        let status = link.status().watch();
        let address = link.brokers().to_owned();
        let (begun, beginning) = oneshot::channel();
        let (done, served) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let thread = move || {
            let _runtime = runtime.enter();
            let (interval, prefetch) = (options.commit_interval, options.prefetch);
            let serving = Serving::new(&consumer, group, interval, prefetch);
            let serving = serving.map_err(unmade).and_then(|mut serving| {
                serving.begin(&consumer, &needs)?;
                Ok(serving)
            });
            match serving {
                Ok(serving) => {
                    // Whoever does not listen any more has ended it.
                    let _ = begun.send(Ok(()));
                    serving.run();
                }
                Err(error) => drop(begun.send(Err(error))),
            }
            // Nobody waits for it in that case.
            let _ = done.send(());
        };
        let spawned = std::thread::Builder::new()
            .name("nestrs-kafka".to_owned())
            .spawn(thread);
        spawned.map_err(|error| invalid(format!("no thread could be started: {error}")))?;
        let gone = || invalid("the thread of the Kafka server ended early".to_owned());
        beginning.await.unwrap_or_else(|_| Err(gone()))?;
        let done = tokio::spawn(async move {
            let aborted = async {
                shutdown.aborting().await;
                ended.cancel();
                std::future::pending::<()>().await;
            };
            tokio::select! {
                _ = served => {}
                () = aborted => {}
            }
            intake.drained().await;
            drop(guard);
        });
        Ok(RunningServer {
            address,
            local_addr: None,
            status,
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the Kafka server ended early");
                }
            }),
        })
    }
}

/// Why the driver does not take the options.
pub(crate) fn property(error: KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, why, name, _) => {
            let why = why.trim();
            format!("`properties` of `KafkaConnection`: {name:?}: {why}")
        }
        other => format!("the options of Kafka do not work: {other}"),
    }
}

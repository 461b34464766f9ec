//! The listening side: connects, consumes, and does so again whenever the
//! connection is lost.
//!
//! The next file on a message's path is `serving.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::backoff::Backoff;
use nestrs_core::intake::Intake;
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, Dispatch, ErrorKind, RunningServer, Shutdown, StartError, TransportError,
    TransportServer, Wildcards,
};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::MAX_MESSAGE_SIZE;
use crate::broker::RabbitMqConnection;
use crate::failure::RabbitMqFailurePolicy;
use crate::link::{Brokers, Refusal, refused};
use crate::queue::RabbitMqQueueOptions;
use crate::routing::RabbitMqRouting;
use crate::serving::{Service, Serving};
use crate::table::short;
use crate::topology::Source;

/// A RabbitMQ server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_rabbitmq::{RabbitMqMicroserviceOptions, RabbitMqRouting};
///
/// // Its own queue, bound by its patterns to the exchange `nestrs`.
/// let options = RabbitMqMicroserviceOptions::new("amqp://localhost");
/// // The queue `orders`, as a NestJS server of that `queue`.
/// let options = options.routing(RabbitMqRouting::queue("orders"));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct RabbitMqMicroserviceOptions {
    /// Where the broker is.
    pub connection: RabbitMqConnection,
    /// How messages come here.
    pub routing: RabbitMqRouting,
    /// What else the broker is to know of the exchange, if there is one, as
    /// `alternate-exchange`: NestJS's `exchangeArguments`. Everybody who declares
    /// it has to say the same.
    pub exchange_arguments: Map<String, Value>,
    /// What the queue is like.
    pub queue: RabbitMqQueueOptions,
    /// How many messages the broker delivers before the first of them is
    /// settled; 256 unless told otherwise, 0 is without limit. Of no effect if
    /// messages are not acknowledged.
    pub prefetch: u16,
    /// Whether `prefetch` is for the channel as a whole: NestJS's
    /// `isGlobalPrefetchCount`.
    pub global_prefetch: bool,
    /// Whether the broker forgets messages as it delivers them. **False unless
    /// told otherwise, other than in NestJS**, whose servers lose what they
    /// have in hand when they fail: here a message is acknowledged after its
    /// handlers, by itself, and delivered again if that does not happen.
    pub no_ack: bool,
    /// What becomes of an event whose handler failed; it is rejected unless
    /// told otherwise.
    pub on_failure: RabbitMqFailurePolicy,
    /// What the broker calls the consumer; it finds a name unless told one.
    pub consumer_tag: Option<String>,
    /// How many messages may be in hand at a time; 4,096 unless told otherwise.
    pub max_in_flight: usize,
    /// The largest reply that is sent, in bytes; 16 MiB unless told otherwise,
    /// which is what brokers take.
    pub max_message_size: usize,
    /// How long to wait for a broker at the start; 30 s unless told otherwise.
    /// Once the server runs it waits as long as it takes.
    pub connect_timeout: Duration,
}

impl Default for RabbitMqMicroserviceOptions {
    fn default() -> Self {
        Self::new(RabbitMqConnection::default())
    }
}

impl RabbitMqMicroserviceOptions {
    /// Options to serve at one broker (`"amqp://localhost"`, `"host:5672"`), or
    /// at the first of several that answers.
    pub fn new(connection: impl Into<RabbitMqConnection>) -> Self {
        Self {
            connection: connection.into(),
            routing: RabbitMqRouting::default(),
            exchange_arguments: Map::new(),
            queue: RabbitMqQueueOptions::default(),
            prefetch: 256,
            global_prefetch: false,
            no_ack: false,
            on_failure: RabbitMqFailurePolicy::default(),
            consumer_tag: None,
            max_in_flight: 4_096,
            max_message_size: MAX_MESSAGE_SIZE,
            connect_timeout: Duration::from_secs(30),
        }
    }

    /// The same, with messages that come another way.
    #[must_use]
    pub fn routing(mut self, routing: RabbitMqRouting) -> Self {
        self.routing = routing;
        self
    }

    /// The same, with another kind of queue.
    #[must_use]
    pub fn queue(mut self, queue: RabbitMqQueueOptions) -> Self {
        self.queue = queue;
        self
    }

    /// The same, with something else to do about events that failed.
    #[must_use]
    pub fn on_failure(mut self, on_failure: RabbitMqFailurePolicy) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// The same, with more or fewer messages delivered in advance.
    #[must_use]
    pub fn prefetch(mut self, prefetch: u16) -> Self {
        self.prefetch = prefetch;
        self
    }
}

#[async_trait]
impl TransportServer for RabbitMqMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "rabbitmq"
    }

    fn wildcards(&self) -> Option<Wildcards> {
        Some(Wildcards::AMQP)
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let invalid = |message| StartError::Options { message };
        let brokers = Brokers::new(&self.connection).map_err(invalid)?;
        let (service, routes) = (dispatch.service(), dispatch.routes());
        let source = Source::new(
            &self.routing,
            &self.exchange_arguments,
            &self.queue,
            service,
            &routes,
        );
        let source = source.map_err(invalid)?;
        if let Some(tag) = &self.consumer_tag {
            short(tag.as_str()).map_err(invalid)?;
        }
        let server = Server {
            brokers,
            service: Service {
                source,
                dispatch,
                intake: Intake::new(self.max_in_flight, shutdown),
                options: *self,
            },
            status: StatusSource::default(),
        };
        let status = server.status.watch();
        let serving = server.first().await?;
        server.status.set(ClientStatus::Connected);
        let address = serving.address();
        let done = tokio::spawn(server.run(serving));
        Ok(RunningServer {
            address,
            local_addr: None,
            status,
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the RabbitMQ server ended early");
                }
            }),
        })
    }
}

struct Server {
    brokers: Brokers,
    service: Service,
    status: StatusSource,
}

impl Server {
    /// The connection that the start waits for.
    async fn first(&self) -> Result<Serving, StartError> {
        let give_up = Instant::now() + self.service.options.connect_timeout;
        let mut backoff = Backoff::default();
        let mut has_warned = false;
        loop {
            let attempt = tokio::time::timeout_at(give_up, self.attempt()).await;
            let refusal = match attempt {
                Ok(Ok(serving)) => {
                    if has_warned {
                        let address = serving.address();
                        tracing::info!(%address, "connected to RabbitMQ");
                    }
                    return Ok(serving);
                }
                Ok(Err(refusal)) => refusal,
                Err(_) => Refusal::Passing("no answer".to_owned()),
            };
            let pause = backoff.next_delay();
            let is_last = Instant::now() + pause >= give_up;
            match refusal {
                Refusal::Passing(why) if !is_last => {
                    if !std::mem::replace(&mut has_warned, true) {
                        tracing::warn!("cannot connect to RabbitMQ, trying again: {why}");
                    }
                }
                refusal => {
                    return Err(StartError::Connect {
                        address: self.brokers.to_string(),
                        source: TransportError::of_kind(ErrorKind::Connect, refusal.why()),
                    });
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self) -> Result<Serving, Refusal> {
        let link = self.brokers.connect().await?;
        let address = link.address.clone();
        let begun = self.service.begin(link).await;
        begun.map_err(|error| refused(&address, &error))
    }

    /// Serves until the server is stopped, over as many connections as it takes.
    async fn run(self, mut serving: Serving) {
        let shutdown = self.service.intake.shutdown().clone();
        while let Some(why) = serving.run().await {
            let address = serving.address();
            self.status.set(ClientStatus::Reconnecting);
            tracing::warn!(%address, "connection to RabbitMQ lost: {why}");
            // What is left of it, if anything, is not wanted.
            tokio::spawn(serving.close());
            let again = tokio::select! {
                biased;
                () = shutdown.stopping() => None,
                again = self.again() => Some(again),
            };
            let Some(again) = again else {
                self.service.intake.drained().await;
                self.status.set(ClientStatus::Disconnected);
                return;
            };
            serving = again;
            self.status.set(ClientStatus::Connected);
            tracing::info!(address = serving.address(), "connected to RabbitMQ again");
        }
        tokio::select! {
            () = serving.drain() => {}
            () = shutdown.aborting() => self.service.intake.drained().await,
        }
        serving.close().await;
        self.status.set(ClientStatus::Disconnected);
    }

    async fn again(&self) -> Serving {
        let mut backoff = Backoff::default();
        loop {
            match self.attempt().await {
                Ok(serving) => return serving,
                Err(Refusal::Passing(why)) => tracing::debug!("cannot connect to RabbitMQ: {why}"),
                // It did let us in: somebody is at work there.
                Err(Refusal::Lasting(why)) => {
                    tracing::error!("RabbitMQ does not let this server in any more: {why}");
                }
            }
            backoff.wait().await;
        }
    }
}

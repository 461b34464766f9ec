//! The listening side: a subscription for each route, and each answer to where
//! its request says.
//!
//! The next file on a message's path is `pump.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Subject;
use async_trait::async_trait;
use futures_util::stream::SelectAll;
use nestrs_core::intake::Intake;
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, Dispatch, ErrorKind, RunningServer, Shutdown, StartError, TransportError,
    TransportServer, Wildcards,
};

use crate::backlog::Backlog;
use crate::called_off::CALLED_OFF;
use crate::link::{LastFailure, Link, not_connected};
use crate::pump::{Pump, Subscription};
use crate::queue::service;
use crate::received::{CallsInHand, Route};
use crate::{NatsBroker, NatsQueue};

/// A NATS server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_nats::NatsMicroserviceOptions;
///
/// let options = NatsMicroserviceOptions::new("nats://nats.internal:4222").queue("billing");
/// assert_eq!(options.max_in_flight, 4_096);
/// ```
#[derive(Debug, Clone)]
pub struct NatsMicroserviceOptions {
    /// Where the broker is, and how to get in.
    pub broker: NatsBroker,
    /// Which of several servers gets a message; one replica of each service
    /// unless told otherwise. A handler's `extras` may name another.
    pub queue: NatsQueue,
    /// How many messages may be in hand at a time; 4,096 unless told otherwise.
    /// Others wait.
    pub max_in_flight: usize,
    /// How much the messages that wait may take up, in bytes; 67,108,864 (64
    /// MiB) unless told otherwise. What comes when more waits is lost: requests
    /// are answered with [`ErrorKind::Unavailable`], and a warning says how
    /// many there were.
    pub max_pending_bytes: usize,
    /// How long the start waits for a broker; 30 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for NatsMicroserviceOptions {
    fn default() -> Self {
        Self::new(NatsBroker::default())
    }
}

impl NatsMicroserviceOptions {
    /// Options to listen by way of `broker`, which may be its address.
    pub fn new(broker: impl Into<NatsBroker>) -> Self {
        Self {
            broker: broker.into(),
            queue: NatsQueue::Service,
            max_in_flight: 4_096,
            max_pending_bytes: 64 << 20,
            connect_timeout: Duration::from_secs(30),
        }
    }

    /// One of all servers that name this group gets a message: NestJS's
    /// `queue`.
    #[must_use]
    pub fn queue(mut self, group: impl Into<String>) -> Self {
        self.queue = NatsQueue::Group(group.into());
        self
    }

    /// Every server gets every message, as with NestJS where no `queue` is set.
    #[must_use]
    pub fn broadcast(mut self) -> Self {
        self.queue = NatsQueue::Broadcast;
        self
    }

    /// How many messages may be in hand at a time.
    #[must_use]
    pub fn max_in_flight(mut self, messages: usize) -> Self {
        self.max_in_flight = messages;
        self
    }

    /// How long the start waits for a broker.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }
}

#[async_trait]
impl TransportServer for NatsMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "nats"
    }

    fn wildcards(&self) -> Option<Wildcards> {
        Some(Wildcards::NATS)
    }

    async fn start(
        mut self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let routes = self.routes(&*dispatch)?;
        self.broker.name.get_or_insert_with(|| service(&*dispatch));
        let (address, limit) = (self.broker.address(), self.connect_timeout);
        let last_failure = LastFailure::default();
        let started = self.listen(routes, dispatch, shutdown, &last_failure);
        let Ok(started) = tokio::time::timeout(limit, started).await else {
            let source = not_connected(&address, limit, &last_failure);
            return Err(StartError::Connect { address, source });
        };
        let (pump, status) = started?;
        let running = RunningServer {
            address,
            local_addr: None,
            status: status.watch(),
            done: {
                let done = tokio::spawn(pump.run());
                Box::pin(async move {
                    if let Err(error) = done.await {
                        tracing::error!(%error, "the NATS server ended early");
                    }
                })
            },
        };
        Ok(running)
    }
}

impl NatsMicroserviceOptions {
    /// Each route and the queue group it is subscribed to in.
    fn routes(&self, dispatch: &dyn Dispatch) -> Result<Vec<(String, Option<String>)>, StartError> {
        let invalid = |message| StartError::Options { message };
        let routes = dispatch.routes().into_iter().map(|route| {
            if Subject::validated(&route).is_err() {
                return Err(invalid(format!("the pattern {route:?} is no subject of NATS: write one without blanks and without empty words between its dots")));
            }
            let group = self.queue.of(dispatch, &route).map_err(invalid)?;
            Ok((route, group))
        });
        routes.collect()
    }

    async fn listen(
        &self,
        routes: Vec<(String, Option<String>)>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
        last_failure: &LastFailure,
    ) -> Result<(Pump, Arc<StatusSource>), StartError> {
        let (link, signs) = Link::connect(&self.broker, last_failure).await?;
        let refused = |why: String| StartError::Connect {
            address: self.broker.address(),
            source: TransportError::of_kind(ErrorKind::Connect, why),
        };
        let mut subscriptions = SelectAll::new();
        for (route, group) in routes {
            let subscriber = match group {
                Some(group) => link.driver.queue_subscribe(route.clone(), group).await,
                None => link.driver.subscribe(route.clone()).await,
            };
            subscriptions.push(Subscription {
                subscriber: subscriber.map_err(|error| refused(error.to_string()))?,
                route: Arc::new(Route::new(&route)),
                taken: 0,
                together: 1,
            });
        }
        let called_off = link.driver.subscribe(CALLED_OFF).await;
        let called_off = called_off.map_err(|error| refused(error.to_string()))?;
        // What is refused is said before the first of these is through; the
        // second gives the driver the time to tell.
        for _ in 0..2 {
            if !link.confirm().await {
                return Err(refused("the connection ended".to_owned()));
            }
        }
        if let Some(why) = link.refused() {
            return Err(refused(why));
        }
        let status = Arc::new(StatusSource::default());
        status.set(ClientStatus::Connected);
        let draining = Shutdown::new();
        let pump = Pump {
            link: Arc::new(link),
            signs,
            subscriptions,
            called_off,
            calls: Arc::new(CallsInHand::default()),
            backlog: Backlog::new(self.max_pending_bytes),
            intake: Intake::new(self.max_in_flight, draining.clone()),
            dispatch,
            status: status.clone(),
            counts_agree: true,
            shutdown,
            together: 0,
            draining,
        };
        Ok((pump, status))
    }
}

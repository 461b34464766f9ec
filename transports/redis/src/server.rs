//! The listening side: subscribes to the patterns of the handlers, again after
//! a connection was lost, and drains when it is told to stop.
//!
//! The next file on a message's path is `channels.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use nestrs_core::intake::Intake;
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, Dispatch, RunningServer, Shutdown, StartError, TransportServer, Wildcards,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::broker::Broker;
use crate::calls::Calls;
use crate::channels::Channels;
use crate::durable::Consumer;
use crate::failure::Failure;
use crate::handling::{Handling, Outlet};
use crate::options::RedisMicroserviceOptions;
use crate::persist::persist;
use crate::pipe::Pipe;
use crate::read_ahead::{Incoming, ReadAhead};
use crate::session::Session;

/// How long Redis may take to say that it sends no more, and that it has the last
/// replies.
const FLUSH: Duration = Duration::from_secs(5);

#[async_trait]
impl TransportServer for RedisMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "redis"
    }

    fn wildcards(&self) -> Option<Wildcards> {
        self.wildcards.then_some(Wildcards::Glob)
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let broker = Broker::new(&self.url, &self.access)?;
        let routes = dispatch.routes();
        let consumer = match self.durable {
            true => Some(Consumer::new(&self, &*dispatch)?),
            false => None,
        };
        let (sessions, outlet) = watch::channel(None);
        let draining = Shutdown::new();
        let server = Server {
            handling: Handling {
                dispatch,
                shutdown,
                intake: Intake::new(self.max_in_flight, draining.clone()),
                channels: Arc::new(Channels::new(routes, self.wildcards)),
                calls: Calls::default(),
                outlet: Outlet(outlet),
            },
            draining,
            broker,
            consumer,
            sessions,
            status: StatusSource::default(),
        };
        let opened = server.first(self.connect_timeout).await?;
        server.status.set(ClientStatus::Connected);
        let (address, status) = (server.broker.to_string(), server.status.watch());
        let done = tokio::spawn(server.run(opened));
        Ok(RunningServer {
            address,
            local_addr: None,
            status,
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the Redis server ended early");
                }
            }),
        })
    }
}

type Opened = (Session, Incoming);

struct Server {
    broker: Broker,
    handling: Handling,
    /// Of the intake: it stops once all that was published to us is taken in.
    draining: Shutdown,
    /// Takes events from streams, if the server is durable.
    consumer: Option<Consumer>,
    sessions: watch::Sender<Option<Pipe>>,
    status: StatusSource,
}

impl Server {
    /// The first session, or why there is none in time.
    async fn first(&self, limit: Duration) -> Result<Opened, StartError> {
        let mut last = None;
        let connecting = persist(
            &self.broker,
            || self.open(),
            |failure| {
                last = Some(failure.clone());
                !failure.is_final
            },
        );
        let shutdown = &self.handling.shutdown;
        let connected = tokio::select! {
            biased;
            () = shutdown.stopping() => Err(Failure::passing("the application is stopping")),
            connected = tokio::time::timeout(limit, connecting) => match connected {
                Ok(connected) => connected,
                Err(_) => Err(last.unwrap_or_else(|| Failure::passing(format!("no answer within {limit:?}")))),
            },
        };
        connected.map_err(|failure| StartError::Connect {
            address: self.broker.to_string(),
            source: nestrs_core::TransportError::of_kind(
                nestrs_core::ErrorKind::Connect,
                failure.why,
            ),
        })
    }

    /// A session that is subscribed to everything, unless nothing is to be taken
    /// in any more.
    async fn open(&self) -> Result<Opened, Failure> {
        let (mut session, incoming) = Session::open(&self.broker).await?;
        if !self.handling.shutdown.is_stopping() {
            self.handling
                .channels
                .subscribe(&mut session.subscriptions)
                .await?;
            if let Some(consumer) = &self.consumer {
                consumer.join(&session.commands).await?;
            }
        }
        Ok((session, incoming))
    }

    async fn run(mut self, mut opened: Opened) {
        let consuming = self
            .consumer
            .take()
            .map(|consumer| tokio::spawn(consumer.run(self.broker.clone(), self.handling.clone())));
        let serving = async {
            loop {
                self.sessions.send_replace(Some(opened.0.pipe.clone()));
                self.status.set(ClientStatus::Connected);
                self.receive(&mut opened).await;
                self.sessions.send_replace(None);
                self.status.set(ClientStatus::Reconnecting);
                tracing::warn!(redis = %self.broker, "the connection is lost; connecting again");
                let again = persist(&self.broker, || self.open(), |_| true);
                let again = tokio::select! {
                    again = again => again,
                    never = self.stopped_meanwhile() => never,
                };
                if let Ok(again) = again {
                    opened = again;
                    tracing::info!(redis = %self.broker, "connected again");
                }
            }
        };
        tokio::select! {
            biased;
            () = serving => {}
            () = async {
                self.drained().await;
                if let Some(consuming) = consuming
                    && let Err(error) = consuming.await
                {
                    tracing::error!(%error, "taking events from streams ended early");
                }
            } => {}
        }
        self.flush().await;
        opened.0.end();
        self.status.set(ClientStatus::Disconnected);
    }

    /// Waits until all that was taken in is done with, or given up.
    async fn drained(&self) {
        let drained = self.handling.intake.drained();
        tokio::pin!(drained);
        tokio::select! {
            () = &mut drained => return,
            () = self.handling.shutdown.aborting() => self.draining.abort(),
        }
        drained.await;
    }

    /// Without a connection nothing more comes. Replies still wait for one.
    async fn stopped_meanwhile<T>(&self) -> T {
        self.handling.shutdown.stopping().await;
        self.draining.stop();
        std::future::pending().await
    }

    /// Takes messages in until the session ends. Once the server is told to stop
    /// Redis sends no more, and all it has sent is taken in; callers still say
    /// what they do not wait for.
    async fn receive(&self, (session, incoming): &mut Opened) {
        let unsubscribed = self.unsubscribed(session, &incoming.ahead);
        tokio::pin!(unsubscribed);
        while !self.draining.is_stopping() {
            tokio::select! {
                biased;
                next = session.next(incoming) => match next {
                    Some(message) => self.handling.take(&message).await,
                    None => return,
                },
                () = &mut unsubscribed => {
                    // What came before that.
                    while let Some(Some(message)) = session.next(incoming).now_or_never() {
                        self.handling.take(&message).await;
                    }
                    self.draining.stop();
                }
            }
        }
        while let Some(message) = session.next(incoming).await {
            self.handling.take(&message).await;
        }
    }

    /// Waits until the server is told to stop, and Redis sends no more. Where it
    /// does not say so, the session ends.
    fn unsubscribed(
        &self,
        session: &Session,
        ahead: &ReadAhead,
    ) -> impl Future<Output = ()> + use<> {
        let unsubscribed = CancellationToken::new();
        let is_unsubscribed = unsubscribed.clone();
        let (shutdown, ahead) = (self.handling.shutdown.clone(), ahead.clone());
        let channels = self.handling.channels.clone();
        let mut subscriptions = session.subscriptions.clone();
        // In a task: what is taken in meanwhile may wait for room.
        session.spawn(async move {
            shutdown.stopping().await;
            let unsubscribe = channels.unsubscribe(&mut subscriptions);
            tokio::pin!(unsubscribe);
            loop {
                match tokio::time::timeout(FLUSH, &mut unsubscribe).await {
                    Ok(Ok(())) => break,
                    Ok(Err(error)) => return tracing::debug!(%error, "cannot unsubscribe"),
                    // While nothing is read, the answer is not either.
                    Err(_) if ahead.is_full() => {}
                    Err(_) => return tracing::debug!("Redis does not answer any more"),
                }
            }
            unsubscribed.cancel();
            std::future::pending().await
        });
        is_unsubscribed.cancelled_owned()
    }

    /// Waits until Redis has every reply.
    async fn flush(&self) {
        let pipe = self.sessions.borrow().clone();
        let Some(pipe) = pipe else { return };
        let shutdown = &self.handling.shutdown;
        tokio::select! {
            // Answers come in the order of questions.
            _ = tokio::time::timeout(FLUSH, pipe.ask(redis::cmd("PING"))) => {}
            () = shutdown.aborting() => {}
        }
    }
}

//! The listening side: subscribes to the patterns of the handlers, again after
//! a connection was lost, and drains when it is told to stop.
//!
//! The next file on a message's path is `channels.rs`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::Intake;
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, Dispatch, RunningServer, Shutdown, StartError, TransportServer, Wildcards,
};
use tokio::sync::watch;

use crate::broker::Broker;
use crate::calls::Calls;
use crate::channels::Channels;
use crate::durable::Consumer;
use crate::failure::Failure;
use crate::handling::{Handling, Outlet};
use crate::options::RedisMicroserviceOptions;
use crate::persist::persist;
use crate::pipe::Pipe;
use crate::read_ahead::Incoming;
use crate::session::Session;

/// How long the last replies may take to be confirmed.
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
        let server = Server {
            handling: Handling {
                dispatch,
                intake: Intake::new(self.max_in_flight, shutdown),
                channels: Arc::new(Channels::new(routes, self.wildcards)),
                calls: Calls::default(),
                outlet: Outlet(outlet),
            },
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
        let shutdown = self.handling.intake.shutdown();
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
        if !self.handling.intake.shutdown().is_stopping() {
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
                if let Ok(again) = again.await {
                    opened = again;
                    tracing::info!(redis = %self.broker, "connected again");
                }
            }
        };
        tokio::select! {
            biased;
            () = serving => {}
            () = async {
                self.handling.intake.drained().await;
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

    /// Takes messages in until the session ends. Once the server is stopping
    /// there are none, but callers still say what they do not wait for.
    async fn receive(&self, (session, incoming): &mut Opened) {
        let shutdown = self.handling.intake.shutdown();
        tokio::select! {
            biased;
            () = shutdown.stopping() => {}
            () = async {
                while let Some(message) = session.next(incoming).await {
                    if !self.handling.take(&message).await {
                        break;
                    }
                }
            } => {}
        }
        if shutdown.is_stopping() {
            let unsubscribed = self
                .handling
                .channels
                .unsubscribe(&mut session.subscriptions)
                .await;
            if let Err(error) = unsubscribed {
                tracing::debug!(%error, "cannot unsubscribe");
            }
        }
        while let Some(message) = session.next(incoming).await {
            self.handling.take(&message).await;
        }
    }

    /// Waits until Redis has every reply.
    async fn flush(&self) {
        let pipe = self.sessions.borrow().clone();
        let Some(pipe) = pipe else { return };
        let shutdown = self.handling.intake.shutdown();
        tokio::select! {
            // Answers come in the order of questions.
            _ = tokio::time::timeout(FLUSH, pipe.ask(redis::cmd("PING"))) => {}
            () = shutdown.aborting() => {}
        }
    }
}

//! The listening side: subscribes to its routes, takes messages in and
//! publishes the answers.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::{Admission, Intake};
use nestrs_core::packet::Reply;
use nestrs_core::status::StatusSource;
use nestrs_core::wildcard::Wildcards;
use nestrs_core::{
    Answer, Dispatch, ErrorKind, RunningServer, Shutdown, StartError, TransportError,
    TransportServer,
};
use tokio::sync::mpsc;

use crate::broker::MqttBroker;
use crate::driver::{Ack, Client, Inbound};
use crate::filters::Filters;
use crate::link::Link;
use crate::message::MqttQos;
use crate::received::{self, ReplyTo};
use crate::subscriber::{Arrived, Subscriber};

/// How long to wait for the broker's word that the subscriptions have ended.
const LEAVE: Duration = Duration::from_secs(2);

/// An MQTT server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_mqtt::MqttMicroserviceOptions;
///
/// let options = MqttMicroserviceOptions {
///     max_in_flight: 100,
///     ..MqttMicroserviceOptions::new("mqtt://broker.internal:1883")
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct MqttMicroserviceOptions {
    /// Where the broker is and how to be let in.
    pub broker: MqttBroker,
    /// Whose replicas share the work: of all servers in a group one gets each
    /// message. The application's root module unless told otherwise. A handler
    /// may name another with `extras = { "group": "…" }`, or with a pattern of
    /// the form `$share/<group>/<topic>`.
    pub group: Option<String>,
    /// Every replica gets every message, as with NestJS: no group.
    pub broadcast: bool,
    /// The highest quality that messages are delivered with; 1 unless told
    /// otherwise, which changes nothing for what was published with 0. A handler
    /// may say otherwise with `extras = { "qos": 2 }`.
    pub qos: MqttQos,
    /// How many messages may be in hand at a time; 4,096 unless told otherwise.
    pub max_in_flight: usize,
    /// How many more may wait here; 65,536 unless told otherwise. Beyond that,
    /// messages of quality 0 are dropped.
    pub max_queued: usize,
    /// How long to wait for the broker at the start; 30 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for MqttMicroserviceOptions {
    fn default() -> Self {
        Self::of(MqttBroker::default())
    }
}

impl MqttMicroserviceOptions {
    /// Options to serve through the broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self::of(MqttBroker::new(url))
    }

    fn of(broker: MqttBroker) -> Self {
        Self {
            broker,
            group: None,
            broadcast: false,
            qos: MqttQos::AtLeastOnce,
            max_in_flight: 4_096,
            max_queued: 65_536,
            connect_timeout: Duration::from_secs(30),
        }
    }
}

#[async_trait]
impl TransportServer for MqttMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "mqtt"
    }

    fn wildcards(&self) -> Option<Wildcards> {
        Some(Wildcards::MQTT)
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let options = |message| StartError::Options { message };
        let endpoint = self.broker.endpoint().map_err(options)?;
        let address = endpoint.address.clone();
        let group = match self.broadcast {
            true => None,
            false => self.group.as_deref().or(dispatch.service()),
        };
        let filters = Filters::of(&*dispatch, group, self.qos).map_err(options)?;
        let (subscriber, queue) = Subscriber::new(filters, self.max_queued);
        let subscriber = Arc::new(subscriber);
        let status = Arc::new(StatusSource::default());
        let link = Arc::new(Link::open(endpoint, subscriber.clone(), status.clone()));
        if let Err(source) = link.session(self.connect_timeout).await {
            return Err(StartError::Connect { address, source });
        }
        let draining = Shutdown::new();
        let server = Server {
            dispatch,
            intake: Intake::new(self.max_in_flight, draining.clone()),
            draining,
            subscriber,
            link,
            is_persistent: self.broker.persistent_session,
        };
        let done = tokio::spawn(server.run(queue, shutdown));
        Ok(RunningServer {
            address,
            local_addr: None,
            status: status.watch(),
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the MQTT server ended early");
                }
            }),
        })
    }
}

struct Server {
    dispatch: Arc<dyn Dispatch>,
    intake: Intake,
    /// What the intake stops for: once nothing more comes.
    draining: Shutdown,
    subscriber: Arc<Subscriber>,
    link: Arc<Link<Client>>,
    /// Whether the broker keeps for us what is not acknowledged.
    is_persistent: bool,
}

impl Server {
    async fn run(self, mut queue: mpsc::UnboundedReceiver<Arrived>, shutdown: Shutdown) {
        let served = async {
            tokio::select! {
                biased;
                () = shutdown.stopping() => {}
                () = self.take_in(&mut queue) => {}
            }
            if !self.is_persistent {
                self.take_rest(&mut queue).await;
            }
            self.draining.stop();
        };
        tokio::select! {
            biased;
            () = shutdown.aborting() => self.draining.abort(),
            () = served => {}
        }
        self.intake.drained().await;
        self.link.close().await;
    }

    /// Takes in what comes, to the end. May be dropped at any time.
    async fn take_in(&self, queue: &mut mpsc::UnboundedReceiver<Arrived>) {
        while let Some(admission) = self.intake.admit().await
            && let Some(Some((message, client))) = queue.recv().await
        {
            self.take(admission, message, client).await;
        }
    }

    /// Takes in what the broker has for us and will give to nobody else; from
    /// now on it gives to others in the group what comes.
    async fn take_rest(&self, queue: &mut mpsc::UnboundedReceiver<Arrived>) {
        let Some(client) = self.link.now() else {
            return;
        };
        let left = tokio::time::timeout(LEAVE, self.subscriber.leave(&client)).await;
        if !matches!(left, Ok(Ok(()))) {
            tracing::debug!("the MQTT broker did not confirm the end of the subscriptions");
            queue.close();
        }
        self.take_in(queue).await;
    }

    async fn take(&self, admission: Admission, mut inbound: Inbound, client: Client) {
        self.subscriber.taken();
        let (ack, has_waited) = (inbound.ack.take(), admission.has_waited());
        let route = self.subscriber.filters.route(&inbound.topic);
        let Some((message, reply_to)) = received::message(inbound, route) else {
            settle(&client, ack).await;
            return;
        };
        if has_waited && message.context.is_over() {
            tracing::debug!("a request waited for its turn longer than its sender for the reply");
            settle(&client, ack).await;
            return;
        }
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        let link = self.link.clone();
        let answered = async move {
            let answer = answer.await;
            if let Some(reply_to) = reply_to {
                reply(answer, &reply_to, &link).await;
            }
        };
        admission.run(async move {
            tokio::select! {
                biased;
                () = answered => {}
                () = over => tracing::debug!("nobody waits for the reply any more"),
            }
            settle(&client, ack).await;
        });
    }
}

async fn settle(client: &Client, ack: Option<Ack>) {
    if let Some(ack) = ack {
        client.ack(ack).await;
    }
}

async fn reply(answer: Answer, to: &ReplyTo, link: &Link<Client>) {
    let mut replies = answer.into_replies();
    while let Some(reply) = replies.next().await {
        if let Err(error) = publish(&reply, to, link).await {
            tracing::debug!(%error, "a reply could not be published");
            if error.kind() == ErrorKind::PayloadTooLarge {
                // It is all the caller gets: the rest makes no sense without it.
                let instead = publish(&Reply::Error(error), to, link).await;
                if let Err(error) = instead {
                    tracing::warn!(%error, "a caller is not answered");
                }
                return;
            }
        }
    }
}

async fn publish(reply: &Reply, to: &ReplyTo, link: &Link<Client>) -> Result<(), TransportError> {
    let packet = reply.write(&to.id, |parts| parts.concat());
    // The caller may wait on a connection of its own while ours comes back.
    let client = link.session(Duration::MAX).await?;
    client.publish(to.outbound(packet)).await
}

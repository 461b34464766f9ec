//! The listening side: subscribes to its routes, takes messages in and
//! publishes the answers.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::Intake;
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
use crate::link::{Link, Peer};
use crate::message::MqttQos;
use crate::received::{self, ReplyTo};

/// What a packet needs beside its topic and its payload, at most.
const OVERHEAD: usize = 256;
/// How long to wait for the broker's word that it sends nothing more.
const UNSUBSCRIBE: Duration = Duration::from_secs(2);

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
        let filters = Filters::of(&*dispatch, group, self.qos);
        let (arrived, queue) = mpsc::unbounded_channel();
        let subscriber = Arc::new(Subscriber {
            filters,
            arrived,
            waiting: AtomicUsize::new(0),
            max_queued: self.max_queued,
            dropped: AtomicUsize::new(0),
        });
        let max_reply = endpoint.max_packet_size.saturating_sub(OVERHEAD);
        let status = Arc::new(StatusSource::default());
        let link = Arc::new(Link::open(endpoint, subscriber.clone(), status.clone()));
        if let Err(source) = link.session(self.connect_timeout).await {
            return Err(StartError::Connect { address, source });
        }
        let server = Server {
            dispatch,
            intake: Intake::new(self.max_in_flight, shutdown),
            subscriber,
            link,
            max_reply,
        };
        let done = tokio::spawn(server.run(queue));
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

/// What came, and the connection it came over.
type Arrived = (Inbound, Client);

/// What takes everything from the connection at once, as nothing else moves
/// until it has.
struct Subscriber {
    filters: Filters,
    arrived: mpsc::UnboundedSender<Arrived>,
    waiting: AtomicUsize,
    max_queued: usize,
    dropped: AtomicUsize,
}

#[async_trait]
impl Peer for Subscriber {
    type Session = Client;

    async fn connected(&self, client: Client) -> Result<Client, TransportError> {
        // Whatever the broker remembers: repeating it changes nothing.
        if !self.filters.wanted.is_empty() {
            client.subscribe(&self.filters.wanted).await?;
        }
        Ok(client)
    }

    fn received(&self, message: Inbound, client: &Client) {
        let has_room = self.waiting.load(Ordering::Relaxed) < self.max_queued;
        // The broker holds back what it wants to have acknowledged.
        if has_room || message.qos > MqttQos::AtMostOnce {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            // Once the server is done nobody takes it, and nobody acknowledges it.
            let _ = self.arrived.send((message, client.clone()));
            return;
        }
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        if dropped.is_power_of_two() {
            let topic = message.topic;
            tracing::warn!(dropped, %topic, "messages come faster than they are handled: those of quality 0 are dropped (`max_queued`)");
        }
    }

    fn lost(&self, _: &TransportError) {}
}

struct Server {
    dispatch: Arc<dyn Dispatch>,
    intake: Intake,
    subscriber: Arc<Subscriber>,
    link: Arc<Link<Client>>,
    max_reply: usize,
}

impl Server {
    async fn run(self, mut queue: mpsc::UnboundedReceiver<Arrived>) {
        let shutdown = self.intake.shutdown().clone();
        loop {
            tokio::select! {
                biased;
                () = shutdown.stopping() => break,
                arrived = queue.recv() => match arrived {
                    Some(arrived) => self.take(arrived).await,
                    None => break,
                },
            }
        }
        self.stop_intake().await;
        self.intake.drained().await;
        self.link.close().await;
    }

    /// So that the broker gives to others in the group what comes now.
    async fn stop_intake(&self) {
        let filters = &self.subscriber.filters.wanted;
        if let Some(client) = self.link.now()
            && !filters.is_empty()
        {
            let filters = filters.iter().map(|(filter, _)| filter.clone()).collect();
            let left = client.unsubscribe(filters);
            if !matches!(tokio::time::timeout(UNSUBSCRIBE, left).await, Ok(Ok(()))) {
                tracing::debug!("the MQTT broker did not confirm the end of the subscriptions");
            }
        }
    }

    async fn take(&self, (mut inbound, client): Arrived) {
        self.subscriber.waiting.fetch_sub(1, Ordering::Relaxed);
        let Some(admission) = self.intake.admit().await else {
            return;
        };
        let ack = inbound.ack.take();
        let route = self.subscriber.filters.route(&inbound.topic);
        let Some((message, reply_to)) = received::message(inbound, route) else {
            settle(&client, ack).await;
            return;
        };
        if admission.has_waited() && message.context.is_over() {
            tracing::debug!("a request waited for its turn longer than its sender for the reply");
            settle(&client, ack).await;
            return;
        }
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        let (link, max_reply) = (self.link.clone(), self.max_reply);
        let answered = async move {
            let answer = answer.await;
            if let Some(reply_to) = reply_to {
                reply(answer, &reply_to, &link, max_reply).await;
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

async fn reply(answer: Answer, to: &ReplyTo, link: &Link<Client>, max_reply: usize) {
    let mut replies = answer.into_replies();
    while let Some(reply) = replies.next().await {
        let text = reply.write(&to.id, |parts| parts.concat());
        let (text, is_too_large) = match text.len() > max_reply {
            true => (too_large(text.len(), max_reply, &to.id), true),
            false => (text, false),
        };
        // The caller may wait on a connection of its own while ours comes back.
        let sent = match link.session(Duration::MAX).await {
            Ok(client) => client.publish(to.outbound(text)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "a reply could not be published");
        }
        if is_too_large {
            return;
        }
    }
}

fn too_large(size: usize, max: usize, id: &[u8]) -> Vec<u8> {
    let message = format!("the reply has {size} bytes, and `max_packet_size` allows {max}");
    let error = TransportError::of_kind(ErrorKind::PayloadTooLarge, message);
    Reply::Error(error).write(id, |parts| parts.concat())
}

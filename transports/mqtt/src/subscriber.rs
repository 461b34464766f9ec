//! What a server's connections have in common: what they subscribe to, and the
//! queue that everything goes to that comes.
//!
//! The next file on a message's path is `server.rs`.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use nestrs_core::TransportError;
use nestrs_core::request_id::RequestIds;
use tokio::sync::mpsc;

use crate::driver::{Client, Inbound, Outbound};
use crate::filters::Filters;
use crate::link::Peer;
use crate::message::{MqttProperties, MqttQos};

/// What came, and the connection it came over. None: a server that leaves gets
/// nothing more.
pub(crate) type Arrived = Option<(Inbound, Client)>;

/// What takes everything from the connection at once, as nothing else moves
/// until it has.
pub(crate) struct Subscriber {
    pub(crate) filters: Filters,
    arrived: mpsc::UnboundedSender<Arrived>,
    waiting: AtomicUsize,
    max_queued: usize,
    dropped: AtomicUsize,
    is_leaving: AtomicBool,
    /// A topic that nobody else has.
    farewell: String,
}

impl Subscriber {
    pub(crate) fn new(
        filters: Filters,
        max_queued: usize,
    ) -> (Self, mpsc::UnboundedReceiver<Arrived>) {
        let (arrived, queue) = mpsc::unbounded_channel();
        let subscriber = Self {
            filters,
            arrived,
            waiting: AtomicUsize::new(0),
            max_queued,
            dropped: AtomicUsize::new(0),
            is_leaving: AtomicBool::new(false),
            farewell: format!("nestrs/{}/farewell", RequestIds::new().id(0)),
        };
        (subscriber, queue)
    }

    /// To be called with each message that is taken from the queue.
    pub(crate) fn taken(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends the subscriptions. What the broker had for us by then comes before
    /// the end: it is held back until we acknowledge what came before
    /// it, and so is what we publish to ourselves.
    pub(crate) async fn leave(&self, client: &Client) -> Result<(), TransportError> {
        self.is_leaving.store(true, Ordering::SeqCst);
        let farewell = [(self.farewell.clone(), MqttQos::AtLeastOnce)];
        client.subscribe(&farewell).await?;
        let filters = self.filters.wanted.iter();
        let filters: Vec<_> = filters.map(|(filter, _)| filter.clone()).collect();
        if !filters.is_empty() {
            client.unsubscribe(filters).await?;
        }
        let message = Outbound {
            topic: self.farewell.clone(),
            payload: "{}".into(),
            qos: MqttQos::AtLeastOnce,
            retain: false,
            properties: MqttProperties::default(),
        };
        client.publish_confirmed(message).await
    }

    fn push(&self, arrived: Arrived) {
        // Once the server is done nobody takes it, and nobody acknowledges it.
        let _ = self.arrived.send(arrived);
    }
}

#[async_trait]
impl Peer for Subscriber {
    type Session = Client;

    async fn connected(&self, client: Client) -> Result<Client, TransportError> {
        let is_leaving = self.is_leaving.load(Ordering::SeqCst);
        // Whatever the broker remembers: repeating it changes nothing.
        if !is_leaving && !self.filters.wanted.is_empty() {
            client.subscribe(&self.filters.wanted).await?;
        }
        Ok(client)
    }

    fn received(&self, message: Inbound, client: &Client) {
        if message.topic == self.farewell {
            return self.push(None);
        }
        let has_room = self.waiting.load(Ordering::Relaxed) < self.max_queued;
        // The broker holds back what it wants to have acknowledged.
        if has_room || message.qos > MqttQos::AtMostOnce {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            return self.push(Some((message, client.clone())));
        }
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        if dropped.is_power_of_two() {
            let topic = message.topic;
            tracing::warn!(dropped, %topic, "messages come faster than they are handled: those of quality 0 are dropped (`max_queued`)");
        }
    }

    fn lost(&self, _: &TransportError) {
        if self.is_leaving.load(Ordering::SeqCst) {
            self.push(None);
        }
    }
}

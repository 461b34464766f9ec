//! The calling side: one connection for all calls, made by the first and kept
//! from then on.
//!
//! The next file on a message's path is `outgoing.rs`, on a reply's `caller.rs`.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::in_flight::PendingReplies;
use nestrs_core::status::StatusSource;
use nestrs_core::{ErrorKind, Outgoing, Replies, StatusStream, Transport, TransportError};
use serde_json::Value;

use crate::broker::{Endpoint, MqttBroker};
use crate::caller::{Caller, Session};
use crate::link::Link;
use crate::message::MqttQos;
use crate::outgoing;
use crate::received::REPLY;
use crate::replies::Subscribed;

/// An MQTT client's options.
///
/// ```
/// use nestrs_transport_mqtt::{MqttQos, MqttTransportOptions};
///
/// let options = MqttTransportOptions {
///     qos: MqttQos::AtLeastOnce,
///     ..MqttTransportOptions::new("mqtt://broker.internal:1883")
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct MqttTransportOptions {
    /// Where the broker is and how to be let in.
    pub broker: MqttBroker,
    /// How surely requests and events are sent; quality 0 unless told otherwise,
    /// as with NestJS. A message may say otherwise with a [`MqttRecord`](crate::MqttRecord).
    pub qos: MqttQos,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is told:
    /// its handlers have it as their deadline.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for MqttTransportOptions {
    fn default() -> Self {
        Self::of(MqttBroker::default())
    }
}

impl MqttTransportOptions {
    /// Options to call through the broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self::of(MqttBroker::new(url))
    }

    fn of(broker: MqttBroker) -> Self {
        Self {
            broker,
            qos: MqttQos::AtMostOnce,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }
}

/// An MQTT client. Clones share its connection, which is closed with the last.
/// Its [`driver`](Transport::driver) is the `AsyncClient` of `rumqttc-v4-next`
/// or `rumqttc-v5-next`, whichever speaks the protocol.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_mqtt::{MqttTransport, MqttTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = MqttTransport::new(MqttTransportOptions::default());
/// client.emit_json("lamp.on", json!({ "room": "kitchen" })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MqttTransport(Arc<Shared>);

struct Shared {
    options: MqttTransportOptions,
    endpoint: Result<Endpoint, TransportError>,
    link: Mutex<Option<Arc<Link<Session>>>>,
    caller: Arc<Caller>,
    status: Arc<StatusSource>,
}

impl MqttTransport {
    /// A client that connects when it is first used. Needs no runtime yet;
    /// options that cannot work are an error of the first call.
    pub fn new(options: MqttTransportOptions) -> Self {
        let wrong = |message| TransportError::of_kind(ErrorKind::Connect, message);
        let endpoint = options.broker.endpoint().map_err(wrong);
        let caller = Arc::new(Caller::new(options.broker.protocol));
        Self(Arc::new(Shared {
            options,
            endpoint,
            link: Mutex::default(),
            caller,
            status: Arc::default(),
        }))
    }
}

impl Shared {
    async fn session(&self) -> Result<Arc<Session>, TransportError> {
        let link = self.link()?;
        link.session(self.options.connect_timeout).await
    }

    fn link(&self) -> Result<Arc<Link<Session>>, TransportError> {
        let endpoint = self.endpoint.clone()?;
        let (caller, status) = (self.caller.clone(), self.status.clone());
        let mut link = lock(&self.link);
        let open = || Arc::new(Link::open(endpoint, caller, status));
        Ok(link.get_or_insert_with(open).clone())
    }

    /// Publishes a request of that number, once its replies can arrive.
    async fn request(
        &self,
        session: &Session,
        message: &Outgoing<'_>,
        number: u64,
        timeout: Duration,
    ) -> Result<Vec<Subscribed>, TransportError> {
        let mut subscribed = Vec::with_capacity(2);
        let beside = format!("{}{REPLY}", message.pattern);
        for topic in self.caller.own_topic.iter().chain([&beside]) {
            subscribed.push(session.topics.subscribe(&session.client, topic).await?);
        }
        let id = self.caller.ids.json(number);
        let (qos, own_topic) = (self.options.qos, self.caller.own_topic.as_deref());
        let request = outgoing::request(message, &id, timeout, qos, own_topic);
        session.client.publish(request).await?;
        Ok(subscribed)
    }

    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let peer = match &self.endpoint {
            Ok(endpoint) => &*endpoint.address,
            Err(_) => "",
        };
        in_time(message, self.options.request_timeout, peer, call).await
    }
}

#[async_trait]
impl Transport for MqttTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let shared = &self.0;
        let timeout = message.timeout.unwrap_or(shared.options.request_timeout);
        let call = async {
            // In this order: what is lost from now on fails the wait.
            let session = shared.session().await?;
            let pending = shared.caller.in_flight().one()?;
            let number = pending.id();
            let _needed = shared.request(&session, &message, number, timeout).await?;
            pending.await
        };
        shared.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let shared = &self.0;
        let sent = async {
            loop {
                let session = shared.session().await?;
                let is_v5 = shared.caller.own_topic.is_some();
                let event = outgoing::event(&message, shared.options.qos, is_v5);
                let qos = event.qos;
                match session.client.publish_confirmed(event).await {
                    // At least once: what may not have arrived is sent again.
                    Err(error)
                        if qos > MqttQos::AtMostOnce
                            && error.kind() == ErrorKind::ConnectionClosed =>
                    {
                        tokio::task::yield_now().await;
                    }
                    sent => return sent,
                }
            }
        };
        shared.in_time(&message, sent).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let shared = &self.0;
        let call = async {
            let session = shared.session().await?;
            let replies = shared.caller.in_flight().many()?;
            let number = replies.id();
            // Nobody knows when the last of several replies should have come.
            let needed = shared.request(&session, &message, number, Duration::MAX);
            let _needed = needed.await?;
            Ok(Box::pin(Subscription { replies, _needed }) as Replies)
        };
        shared.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.0.session().await.map(drop)
    }

    async fn close(&self) {
        let link = lock(&self.0.link).take();
        if let Some(link) = link {
            link.close().await;
        }
    }

    fn status(&self) -> StatusStream {
        self.0.status.watch()
    }

    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let link = lock(&self.0.link).clone()?;
        Some(link.now()?.client.unwrap())
    }
}

/// The replies of a stream, and what they come by.
struct Subscription {
    replies: PendingReplies,
    _needed: Vec<Subscribed>,
}

impl Stream for Subscription {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.replies).poll_next(cx)
    }
}

impl fmt::Debug for MqttTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttTransport")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code that can panic runs under the lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

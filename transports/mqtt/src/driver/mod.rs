//! The two drivers, one a protocol version, as one: rumqttc's clients for
//! MQTT 3.1.1 and for MQTT 5 are alike but share no types.

mod forgetful;
mod socket;
mod v4;
mod v5;

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::{ErrorKind, TransportError};

use self::socket::Socket;
use crate::broker::{Endpoint, MqttProtocol};
use crate::message::{MqttProperties, MqttQos};

/// How many requests may wait for the driver before who makes them waits too.
const CAPACITY: usize = 256;
/// How many messages the driver writes before it flushes, if they are there.
const BATCH: usize = 64;
/// How many messages of quality 1 or 2 may wait for their acknowledgement.
const IN_FLIGHT: u16 = 1_000;

/// A message as it came.
pub(crate) struct Inbound {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: MqttQos,
    pub(crate) retain: bool,
    pub(crate) dup: bool,
    pub(crate) properties: MqttProperties,
    pub(crate) ack: Option<Ack>,
}

/// A message on its way out.
pub(crate) struct Outbound {
    pub(crate) topic: String,
    pub(crate) payload: Bytes,
    pub(crate) qos: MqttQos,
    pub(crate) retain: bool,
    pub(crate) properties: MqttProperties,
}

impl Outbound {
    /// Whether it makes no larger packet than that.
    fn fits(&self, max: usize) -> Result<(), TransportError> {
        // The fixed header, the packet identifier and the length of the properties.
        let frame = 5 + 2 + 4;
        let size = frame + 2 + self.topic.len() + self.payload.len() + self.properties.size();
        if size <= max {
            return Ok(());
        }
        let topic = &self.topic;
        let message = format!(
            "what is published to {topic:?} is a packet of {size} bytes, and `max_packet_size`, or the broker, allows {max}"
        );
        Err(TransportError::of_kind(ErrorKind::PayloadTooLarge, message))
    }
}

/// What settles a message of quality 1 or 2.
pub(crate) enum Ack {
    V4(rumqttc_v4::ManualAck),
    V5(rumqttc_v5::ManualAck),
}

/// Why there is no connection any more, or none yet.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    pub(crate) error: TransportError,
    /// Whether trying again changes nothing: wrong credentials.
    pub(crate) is_refusal: bool,
    /// Whether it was ended from here.
    pub(crate) was_asked_for: bool,
}

/// What sends over one connection. Its end makes it useless.
#[derive(Clone)]
pub(crate) struct Client {
    sender: Sender,
    /// The largest packet that may be sent: both drivers end the connection on
    /// a larger one, or have the broker end it.
    max_packet_size: usize,
}

#[derive(Clone)]
enum Sender {
    V4(v4::Client),
    V5(v5::Client),
}

/// What comes over one connection. Nothing moves unless this is polled.
pub(crate) enum Events {
    V4(Box<v4::Events>),
    V5(Box<v5::Events>),
}

/// Both ends of a new connection, once the broker has let us in.
pub(crate) async fn connect(endpoint: &Endpoint) -> Result<(Client, Events), Lost> {
    let (sender, events, of_broker) = match endpoint.protocol {
        MqttProtocol::V3 => {
            let (client, events, max) = v4::connect(endpoint).await?;
            (Sender::V4(client), Events::V4(Box::new(events)), max)
        }
        MqttProtocol::V5 => {
            let (client, events, max) = v5::connect(endpoint).await?;
            (Sender::V5(client), Events::V5(Box::new(events)), max)
        }
    };
    let client = Client {
        sender,
        max_packet_size: endpoint
            .max_packet_size
            .min(of_broker.unwrap_or(usize::MAX)),
    };
    Ok((client, events))
}

impl Events {
    /// The next message. After an error there are no more. Not to be dropped
    /// half-way.
    pub(crate) async fn message(&mut self) -> Result<Inbound, Lost> {
        match self {
            Self::V4(events) => events.message().await,
            Self::V5(events) => events.message().await,
        }
    }

    /// Ends the driver, so that nothing more is handed in. The connection goes
    /// with the socket.
    pub(crate) fn end(self) -> Socket {
        match self {
            Self::V4(events) => events.socket,
            Self::V5(events) => events.socket,
        }
    }
}

impl Client {
    /// Hands a message to the driver.
    pub(crate) async fn publish(&self, message: Outbound) -> Result<(), TransportError> {
        message.fits(self.max_packet_size)?;
        match &self.sender {
            Sender::V4(client) => client.publish(message).await,
            Sender::V5(client) => client.publish(message).await,
        }
    }

    /// Waits until the broker has a message of quality 1 or 2, and until the
    /// socket has one of quality 0.
    pub(crate) async fn publish_confirmed(&self, message: Outbound) -> Result<(), TransportError> {
        message.fits(self.max_packet_size)?;
        match &self.sender {
            Sender::V4(client) => client.publish_confirmed(message).await,
            Sender::V5(client) => client.publish_confirmed(message).await,
        }
    }

    /// Waits until the broker has confirmed every filter.
    pub(crate) async fn subscribe(
        &self,
        filters: &[(String, MqttQos)],
    ) -> Result<(), TransportError> {
        match &self.sender {
            Sender::V4(client) => client.subscribe(filters).await,
            Sender::V5(client) => client.subscribe(filters).await,
        }
    }

    /// Waits until the broker has confirmed that nothing more will come.
    pub(crate) async fn unsubscribe(&self, filters: Vec<String>) -> Result<(), TransportError> {
        match &self.sender {
            Sender::V4(client) => client.unsubscribe(filters).await,
            Sender::V5(client) => client.unsubscribe(filters).await,
        }
    }

    /// Gives a subscription up without waiting, if there is room to say so now.
    pub(crate) fn forget(&self, filter: String) -> bool {
        match &self.sender {
            Sender::V4(client) => client.forget(filter),
            Sender::V5(client) => client.forget(filter),
        }
    }

    /// Settles a message of this connection; what came over another is settled
    /// by its broker already.
    pub(crate) async fn ack(&self, ack: Ack) {
        match (&self.sender, ack) {
            (Sender::V4(client), Ack::V4(ack)) => client.ack(ack).await,
            (Sender::V5(client), Ack::V5(ack)) => client.ack(ack).await,
            _ => {}
        }
    }

    /// Sends what was handed in, says good-bye and ends the connection.
    pub(crate) async fn disconnect(&self) {
        match &self.sender {
            Sender::V4(client) => client.disconnect().await,
            Sender::V5(client) => client.disconnect().await,
        }
    }

    /// The driver's own client.
    pub(crate) fn unwrap(&self) -> Arc<dyn Any + Send + Sync> {
        match &self.sender {
            Sender::V4(client) => Arc::new(client.0.clone()),
            Sender::V5(client) => Arc::new(client.0.clone()),
        }
    }
}

/// What is the same in both drivers but for the crate its types are of.
macro_rules! driver {
    ($rumqttc:ident, $ack:path) => {
        #[derive(Clone)]
        pub(crate) struct Client(pub(super) $rumqttc::AsyncClient);

        pub(crate) struct Events {
            events: $rumqttc::EventLoop,
            client: $rumqttc::AsyncClient,
            pub(super) socket: Socket,
            pace: Pace,
        }

        /// Also says how large a packet may be, if the broker did.
        pub(super) async fn connect(
            endpoint: &Endpoint,
        ) -> Result<(Client, Events, Option<usize>), Lost> {
            let socket = Socket::default();
            let mut options = options(endpoint);
            let connecting = socket.clone();
            options.set_socket_connector(move |host, _| connecting.clone().connect(host));
            let builder = $rumqttc::AsyncClient::builder(options);
            let (client, events) = builder.capacity(super::CAPACITY).build();
            let sender = Client(client.clone());
            let pace = Pace::default();
            let mut events = Events { events, client, socket, pace };
            loop {
                if let $rumqttc::Packet::ConnAck(accepted) = events.packet().await? {
                    return Ok((sender, events, max_packet_size(&accepted)));
                }
            }
        }

        impl Events {
            pub(super) async fn message(&mut self) -> Result<Inbound, Lost> {
                loop {
                    if let $rumqttc::Packet::Publish(publish) = self.packet().await? {
                        let ack = self.client.prepare_ack(&publish).map($ack);
                        return Ok(inbound(publish, ack));
                    }
                }
            }

            async fn packet(&mut self) -> Result<$rumqttc::Packet, Lost> {
                loop {
                    let event = self.pace.next(self.events.poll()).await;
                    self.pace.did(1);
                    match event {
                        Ok($rumqttc::Event::Incoming(packet)) => return Ok(packet),
                        Ok(_) => {}
                        Err(error) => return Err(lost(&error)),
                    }
                }
            }
        }

        fn lost(error: &$rumqttc::ConnectionError) -> Lost {
            let was_asked_for = matches!(error, $rumqttc::ConnectionError::RequestsDone);
            Lost {
                error: TransportError::of_kind(ErrorKind::Connect, error.to_string()),
                is_refusal: is_refusal(error),
                was_asked_for,
            }
        }

        impl Client {
            pub(super) async fn publish(&self, message: Outbound) -> Result<(), TransportError> {
                let options = publish_options(&message);
                let sent = self.0.publish(message.topic, message.payload, options).await;
                sent.map_err(|error| rejected(&error))
            }

            pub(super) async fn publish_confirmed(
                &self,
                message: Outbound,
            ) -> Result<(), TransportError> {
                let options = publish_options(&message);
                let sent = self
                    .0
                    .publish_tracked(message.topic, message.payload, options)
                    .await;
                let notice = sent.map_err(|error| rejected(&error))?;
                let confirmed = notice.wait_completion_async().await;
                confirmed.map_err(|_| TransportError::connection_closed())
            }

            pub(super) async fn subscribe(
                &self,
                filters: &[(String, MqttQos)],
            ) -> Result<(), TransportError> {
                let wanted = filters.iter().map(|(filter, at)| filter_of(filter, *at));
                let sent = self.0.subscribe_many_tracked(wanted).await;
                let notice = sent.map_err(|error| rejected(&error))?;
                notice.wait_completion_async().await.map_err(|error| {
                    let filters: Vec<_> = filters.iter().map(|(filter, _)| filter).collect();
                    let message = format!("the broker refused to subscribe {filters:?}: {error}");
                    TransportError::of_kind(ErrorKind::Connect, message)
                })
            }

            pub(super) async fn unsubscribe(
                &self,
                filters: Vec<String>,
            ) -> Result<(), TransportError> {
                let sent = self.0.unsubscribe_many_tracked(filters).await;
                let notice = sent.map_err(|error| rejected(&error))?;
                let confirmed = notice.wait_completion_async().await;
                confirmed.map_err(|_| TransportError::connection_closed())
            }

            pub(super) fn forget(&self, filter: String) -> bool {
                self.0.try_unsubscribe(filter).is_ok()
            }

            pub(super) async fn ack(&self, ack: $rumqttc::ManualAck) {
                // Of a connection that is gone there is nothing left to settle.
                let _ = self.0.manual_ack(ack).await;
            }

            pub(super) async fn disconnect(&self) {
                // It is gone already, then.
                let _ = self.0.disconnect().await;
            }
        }

        fn rejected(error: &$rumqttc::ClientError) -> TransportError {
            match error {
                $rumqttc::ClientError::InvalidRequest(_) => TransportError::of_kind(
                    ErrorKind::InvalidPayload,
                    "the pattern makes no MQTT topic: it may not be empty, nor hold `+`, `#` or NUL",
                ),
                _ => TransportError::connection_closed(),
            }
        }

        fn qos(qos: MqttQos) -> $rumqttc::QoS {
            match qos {
                MqttQos::AtMostOnce => $rumqttc::QoS::AtMostOnce,
                MqttQos::AtLeastOnce => $rumqttc::QoS::AtLeastOnce,
                MqttQos::ExactlyOnce => $rumqttc::QoS::ExactlyOnce,
            }
        }

        fn our_qos(qos: $rumqttc::QoS) -> MqttQos {
            match qos {
                $rumqttc::QoS::AtMostOnce => MqttQos::AtMostOnce,
                $rumqttc::QoS::AtLeastOnce => MqttQos::AtLeastOnce,
                $rumqttc::QoS::ExactlyOnce => MqttQos::ExactlyOnce,
            }
        }

        #[cfg(feature = "tls")]
        fn encrypted(tls: &std::sync::Arc<tokio_rustls::rustls::ClientConfig>) -> $rumqttc::Transport {
            $rumqttc::Transport::Tls($rumqttc::TlsConfiguration::Rustls(tls.clone()))
        }
    };
}
pub(crate) use driver;

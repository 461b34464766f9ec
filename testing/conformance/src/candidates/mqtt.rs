use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{
        MqttBroker, MqttMicroserviceOptions, MqttQos, MqttTransport, MqttTransportOptions,
    },
};
use nestrs_brokers::Kind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Candidate, Delivery, Failure, Features, Limit, Place, Settings};

/// Of packets, where a case asks for a limit.
const LIMIT: usize = 64 * 1024;

/// MQTT with default options, or with events that are delivered at least once.
pub(crate) struct Mqtt {
    delivery: Delivery,
    /// How many connections have a name.
    named: AtomicU64,
}

impl Mqtt {
    /// Quality 0.
    pub(crate) fn new() -> Self {
        Self {
            delivery: Delivery::AtMostOnce,
            named: AtomicU64::new(0),
        }
    }

    /// Quality 1, and sessions that outlive their connections.
    pub(crate) fn at_least_once() -> Self {
        Self {
            delivery: Delivery::AtLeastOnce,
            ..Self::new()
        }
    }

    fn broker(&self, place: &Place, settings: &Settings) -> MqttBroker {
        let mut broker = MqttBroker::new(&place.address);
        if settings.limited {
            broker.max_packet_size = LIMIT;
        }
        if self.delivery == Delivery::AtLeastOnce {
            let number = self.named.fetch_add(1, Ordering::Relaxed);
            broker.client_id = Some(format!("{}-{number}", place.service));
            broker.persistent_session = true;
        }
        broker
    }
}

#[async_trait]
impl Candidate for Mqtt {
    fn name(&self) -> &'static str {
        match self.delivery {
            Delivery::AtMostOnce => "mqtt",
            Delivery::AtLeastOnce => "mqtt-qos1",
        }
    }

    fn features(&self) -> Features {
        Features {
            delivery: self.delivery,
            // The broker tells nobody who listens.
            unknown: ErrorKind::Timeout,
            limit: Some(Limit {
                bytes: LIMIT,
                error: ErrorKind::PayloadTooLarge,
            }),
            in_hand: match self.delivery {
                Delivery::AtMostOnce => 200,
                // Mosquitto's own limit for one client.
                Delivery::AtLeastOnce => 20,
            },
            // Mosquitto writes once a second.
            kept: false,
            ..Features::default()
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::Mosquitto)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = MqttMicroserviceOptions {
            broker: self.broker(place, settings),
            broadcast: settings.broadcast,
            ..MqttMicroserviceOptions::default()
        };
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let mut options = MqttTransportOptions {
            broker: self.broker(place, settings),
            ..MqttTransportOptions::default()
        };
        if self.delivery == Delivery::AtLeastOnce {
            options.qos = MqttQos::AtLeastOnce;
        }
        Arc::new(MqttTransport::new(options))
    }

    /// Published with quality 0 by hand: no driver of ours is in between.
    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let address = place.address.trim_start_matches("mqtt://");
        let sent: io::Result<_> = async {
            let mut stream = TcpStream::connect(address).await?;
            stream
                .write_all(b"\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0")
                .await?;
            stream.read_exact(&mut [0; 4]).await?;
            // Below 128 a length is one byte here.
            let (all, topic) = (2 + pattern.len() + bytes.len(), pattern.len());
            stream.write_all(&[0x30, all as u8, 0, topic as u8]).await?;
            stream.write_all(pattern.as_bytes()).await?;
            stream.write_all(bytes).await?;
            stream.write_all(&[0xe0, 0]).await?;
            stream.read_to_end(&mut Vec::new()).await
        }
        .await;
        let failed = |error| Failure::Broken(format!("bytes could not be published: {error}"));
        sent.map_err(failed)?;
        Ok(true)
    }
}

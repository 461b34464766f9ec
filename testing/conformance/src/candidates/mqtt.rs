use std::sync::Arc;

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{MqttMicroserviceOptions, MqttTransport, MqttTransportOptions},
};
use nestrs_brokers::Kind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Candidate, Delivery, Failure, Features, Limit, Place, Replicas, Settings};

/// Of packets, where a case asks for a limit.
const LIMIT: usize = 64 * 1024;

/// With its default, quality 0.
pub(crate) struct Mqtt;

#[async_trait]
impl Candidate for Mqtt {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    fn features(&self) -> Features {
        Features {
            delivery: Delivery::AtMostOnce,
            replicas: Replicas::Compete,
            broadcast: true,
            shares_events: true,
            network: true,
            // The broker tells nobody who listens.
            unknown: ErrorKind::Timeout,
            limit: Some(Limit {
                bytes: LIMIT,
                error: ErrorKind::PayloadTooLarge,
            }),
            cold_starts: 1_000,
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::Mosquitto)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = MqttMicroserviceOptions::new(&place.address);
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        options.broadcast = settings.broadcast;
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let mut options = MqttTransportOptions::new(&place.address);
        if settings.limited {
            options.broker.max_packet_size = LIMIT;
        }
        Arc::new(MqttTransport::new(options))
    }

    /// By hand: CONNECT, and with quality 1 PUBLISH and its acknowledgement.
    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let sent = async {
            let address = place.address.trim_start_matches("mqtt://");
            let mut stream = TcpStream::connect(address).await?;
            stream
                .write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01g")
                .await?;
            stream.read_exact(&mut [0; 4]).await?;
            let mut publish = Vec::new();
            publish.extend((pattern.len() as u16).to_be_bytes());
            publish.extend(pattern.as_bytes());
            publish.extend([0, 1]);
            publish.extend(bytes);
            let mut packet = vec![0x32];
            let mut left = publish.len();
            while left > 127 {
                packet.push((left % 128) as u8 | 0x80);
                left /= 128;
            }
            packet.push(left as u8);
            packet.extend(publish);
            stream.write_all(&packet).await?;
            stream.read_exact(&mut [0; 4]).await
        };
        let failed =
            |error: std::io::Error| Failure::Broken(format!("bytes could not be sent: {error}"));
        sent.await.map_err(failed)?;
        Ok(true)
    }
}

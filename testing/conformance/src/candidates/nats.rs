use std::sync::Arc;

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{NatsMicroserviceOptions, NatsTransport, NatsTransportOptions},
};
use nestrs_brokers::Kind;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::{Candidate, Failure, Features, Limit, Place, Settings};

pub(crate) struct Nats;

#[async_trait]
impl Candidate for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn features(&self) -> Features {
        Features {
            limit: Some(Limit {
                // The broker's `max_payload`, unless its configuration says otherwise.
                bytes: 1 << 20,
                error: ErrorKind::PayloadTooLarge,
            }),
            ..Features::default()
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::Nats)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = NatsMicroserviceOptions::new(place.address.as_str());
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        if settings.broadcast {
            options = options.broadcast();
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, _: &Settings) -> Arc<dyn Transport> {
        Arc::new(NatsTransport::new(NatsTransportOptions::new(
            place.address.as_str(),
        )))
    }

    /// By hand: the protocol is lines.
    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let sent = async {
            let address = place.address.trim_start_matches("nats://");
            let mut stream = BufReader::new(TcpStream::connect(address).await?);
            let message = format!(
                "CONNECT {{\"verbose\":false}}\r\nPUB {pattern} {}\r\n",
                bytes.len()
            );
            stream.write_all(message.as_bytes()).await?;
            stream.write_all(bytes).await?;
            stream.write_all(b"\r\nPING\r\n").await?;
            let mut line = String::new();
            while line != "PONG\r\n" {
                line.clear();
                if stream.read_line(&mut line).await? == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
            }
            Ok(())
        };
        let failed =
            |error: std::io::Error| Failure::Broken(format!("bytes could not be sent: {error}"));
        sent.await.map_err(failed)?;
        Ok(true)
    }
}

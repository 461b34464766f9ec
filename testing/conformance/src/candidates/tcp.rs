use std::sync::Arc;

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{TcpMicroserviceOptions, TcpTransport, TcpTransportOptions},
};
use nestrs_brokers::free_port;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Candidate, Failure, Features, Limit, Place, Replicas, Settings};

/// Of packets, where a case asks for a limit.
const LIMIT: usize = 64 * 1024;

pub(crate) struct Tcp;

#[async_trait]
impl Candidate for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }

    fn features(&self) -> Features {
        Features {
            replicas: Replicas::None,
            broadcast: false,
            shares_events: false,
            limit: Some(Limit {
                bytes: LIMIT,
                // The reader has the limit, and ends the connection, as NestJS does.
                error: ErrorKind::ConnectionClosed,
            }),
            ..Features::default()
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", free_port())
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = TcpMicroserviceOptions::new(&place.address);
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        if settings.limited {
            options.limits.max_buffer_size = LIMIT;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let mut options = TcpTransportOptions::new(&place.address);
        if settings.limited {
            options.limits.max_buffer_size = LIMIT;
        }
        Arc::new(TcpTransport::new(options))
    }

    /// On a connection of their own, which the server ends.
    async fn garble(&self, place: &Place, _: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let sent = async {
            let mut stream = TcpStream::connect(&place.address).await?;
            stream
                .write_all(format!("{}#", bytes.len()).as_bytes())
                .await?;
            stream.write_all(bytes).await?;
            stream.read_to_end(&mut Vec::new()).await
        };
        let failed = |error| Failure::Broken(format!("bytes could not be sent: {error}"));
        sent.await.map_err(failed)?;
        Ok(true)
    }
}

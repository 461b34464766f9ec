use std::sync::Arc;

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions},
};
use nestrs_brokers::free_port;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Candidate, Failure, Features, Limit, Place, Replicas, Settings};

/// Of messages, where a case asks for a limit.
const LIMIT: usize = 64 * 1024;

/// Patterns over gRPC.
pub(crate) struct Grpc;

#[async_trait]
impl Candidate for Grpc {
    fn name(&self) -> &'static str {
        "grpc"
    }

    fn features(&self) -> Features {
        Features {
            replicas: Replicas::None,
            broadcast: false,
            shares_events: false,
            limit: Some(Limit {
                bytes: LIMIT,
                error: ErrorKind::PayloadTooLarge,
            }),
            ..Features::default()
        }
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", free_port())
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = GrpcMicroserviceOptions::new(&place.address);
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        if settings.limited {
            options.limits.max_receive_message_size = LIMIT;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let mut options = GrpcTransportOptions::new(&place.address);
        if settings.limited {
            options.limits.max_receive_message_size = LIMIT;
        }
        Arc::new(GrpcTransport::new(options))
    }

    /// On a connection of their own, which the server ends.
    async fn garble(&self, place: &Place, _: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let sent = async {
            let mut stream = TcpStream::connect(&place.address).await?;
            stream.write_all(bytes).await?;
            stream.shutdown().await?;
            stream.read_to_end(&mut Vec::new()).await
        };
        match sent.await {
            Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => {
                let what = format!("bytes could not be sent: {error}");
                Err(Failure::Broken(what))
            }
            _ => Ok(true),
        }
    }
}

use std::{io, sync::Arc, time::Duration};

use async_trait::async_trait;
use nestrs::{
    core::{Transport, TransportServer},
    microservices::{
        RedisDurableOptions, RedisMicroserviceOptions, RedisTransport, RedisTransportOptions,
    },
};
use nestrs_brokers::Kind;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{Candidate, Delivery, Failure, Features, Place, Replicas, Settings};

/// Redis by publishing, with wildcards, or with events by streams.
pub(crate) struct Redis {
    pub(crate) durable: bool,
}

#[async_trait]
impl Candidate for Redis {
    fn name(&self) -> &'static str {
        match self.durable {
            false => "redis",
            true => "redis-durable",
        }
    }

    fn features(&self) -> Features {
        let (delivery, replicas) = match self.durable {
            false => (Delivery::AtMostOnce, Replicas::All),
            true => (Delivery::AtLeastOnce, Replicas::Compete),
        };
        Features {
            delivery,
            replicas,
            broadcast: !self.durable,
            ..Features::default()
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::Redis)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = RedisMicroserviceOptions::new(&place.address).wildcards(!self.durable);
        if self.durable {
            options = options.durable_options(RedisDurableOptions {
                // No longer than the cases wait for what is not lost.
                retry_after: Duration::from_secs(2),
                ..RedisDurableOptions::default()
            });
        }
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, _: &Settings) -> Arc<dyn Transport> {
        let options = RedisTransportOptions::new(&place.address).durable(self.durable);
        Arc::new(RedisTransport::new(options))
    }

    /// By hand: no driver is in between. Where events come by streams, these are entries of one.
    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let stream = format!("nestrs:events:{pattern}");
        let command: &[&[u8]] = match self.durable {
            false => &[b"PUBLISH", pattern.as_bytes(), bytes],
            true => &[b"XADD", stream.as_bytes(), b"*", b"packet", bytes],
        };
        let address = place.address.trim_start_matches("redis://");
        let sent: io::Result<_> = async {
            let mut redis = TcpStream::connect(address).await?;
            let mut text = format!("*{}\r\n", command.len()).into_bytes();
            for part in command {
                text.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
                text.extend_from_slice(part);
                text.extend_from_slice(b"\r\n");
            }
            redis.write_all(&text).await?;
            // What it says is of no interest, but that it does.
            redis.read_u8().await
        }
        .await;
        let failed = |error| Failure::Broken(format!("bytes could not be sent: {error}"));
        sent.map_err(failed)?;
        Ok(true)
    }
}

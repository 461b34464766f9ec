use std::sync::Arc;

use async_trait::async_trait;
use lapin::{Connection, ConnectionProperties, options::BasicPublishOptions};
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{
        RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport, RabbitMqTransportOptions,
    },
};
use nestrs_brokers::Kind;

use crate::{Candidate, Delivery, Failure, Features, Limit, Place, Settings};

/// The exchange of default options.
const EXCHANGE: &str = "nestrs";
const LIMIT: usize = 1 << 20;

pub(crate) struct RabbitMq;

/// As by default, or to every server.
fn routing(place: &Place, settings: &Settings) -> RabbitMqRouting {
    match settings.broadcast {
        true => RabbitMqRouting::fanout(place.service.as_str()),
        false => RabbitMqRouting::default(),
    }
}

#[async_trait]
impl Candidate for RabbitMq {
    fn name(&self) -> &'static str {
        "rabbitmq"
    }

    fn features(&self) -> Features {
        Features {
            delivery: Delivery::AtLeastOnce,
            limit: Some(Limit {
                bytes: LIMIT,
                error: ErrorKind::PayloadTooLarge,
            }),
            // A start is a dozen round trips to a broker that is in no hurry.
            cold_starts: 200,
            ..Features::default()
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::RabbitMq)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let options = RabbitMqMicroserviceOptions::new(place.address.as_str());
        let mut options = options.routing(routing(place, settings));
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        if settings.limited {
            options.max_message_size = LIMIT;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let options = RabbitMqTransportOptions::new(place.address.as_str());
        let mut options = options.routing(routing(place, settings));
        if settings.limited {
            options.max_message_size = LIMIT;
        }
        Arc::new(RabbitMqTransport::new(options))
    }

    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let sent = async {
            let properties = ConnectionProperties::default();
            let connection = Connection::connect(&place.address, properties).await?;
            let channel = connection.create_channel().await?;
            let (exchange, key) = (EXCHANGE.into(), pattern.into());
            let options = BasicPublishOptions::default();
            let published =
                channel.basic_publish(exchange, key, options, bytes, Default::default());
            published.await?;
            channel.close(200, "OK".into()).await
        };
        let failed =
            |error: lapin::Error| Failure::Broken(format!("bytes could not be sent: {error}"));
        sent.await.map_err(failed)?;
        Ok(true)
    }
}

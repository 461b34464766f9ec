use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use nestrs::{
    core::{ErrorKind, Transport, TransportServer},
    microservices::{KafkaMicroserviceOptions, KafkaTopics, KafkaTransport, KafkaTransportOptions},
};
use nestrs_brokers::Kind;
use rdkafka::{
    ClientConfig,
    producer::{FutureProducer, FutureRecord},
    util::Timeout,
};

use crate::{Candidate, Delivery, Failure, Features, Limit, Place, Settings};

const LIMIT: usize = 1 << 18;

pub(crate) struct Kafka;

#[async_trait]
impl Candidate for Kafka {
    fn name(&self) -> &'static str {
        "kafka"
    }

    fn features(&self) -> Features {
        Features {
            delivery: Delivery::AtLeastOnce,
            // Nobody says that a topic has no reader.
            unknown: ErrorKind::Timeout,
            limit: Some(Limit {
                bytes: LIMIT,
                error: ErrorKind::PayloadTooLarge,
            }),
            // A start is a topic, a group and its first assignment.
            cold_starts: 40,
            ..Features::default()
        }
    }

    fn broker(&self) -> Option<Kind> {
        Some(Kind::Kafka)
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        // As many partitions as two replicas can share.
        let topics = KafkaTopics {
            partitions: 4,
            ..KafkaTopics::default()
        };
        let options = KafkaMicroserviceOptions::new(place.address.as_str());
        let mut options = options.create_topics(topics);
        if settings.broadcast {
            // A group of its own.
            static SERVERS: AtomicU64 = AtomicU64::new(0);
            let number = SERVERS.fetch_add(1, Ordering::Relaxed);
            options = options.group_id(format!("{}-{number}", place.service));
        }
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        if settings.limited {
            options.max_message_size = LIMIT;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport> {
        let mut options = KafkaTransportOptions::new(place.address.as_str());
        if settings.limited {
            options.max_message_size = LIMIT;
        }
        Arc::new(KafkaTransport::new(options))
    }

    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let failed = |error| Failure::Broken(format!("bytes could not be sent: {error}"));
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &place.address);
        let producer: FutureProducer = config.create().map_err(failed)?;
        let record = FutureRecord::<(), [u8]>::to(pattern).payload(bytes);
        let sent = producer.send(record, Timeout::Never).await;
        sent.map_err(|(error, _)| failed(error))?;
        Ok(true)
    }
}

//! The transports that take part.

mod grpc;
mod kafka;
mod memory;
mod mqtt;
mod nats;
mod rabbitmq;
mod redis;
mod tcp;

use std::sync::Arc;

use crate::Candidate;

/// Each of them.
pub fn all() -> Vec<Arc<dyn Candidate>> {
    vec![
        Arc::new(memory::Memory::default()),
        Arc::new(tcp::Tcp),
        Arc::new(grpc::Grpc),
        Arc::new(nats::Nats),
        Arc::new(rabbitmq::RabbitMq),
        Arc::new(kafka::Kafka),
        Arc::new(mqtt::Mqtt::new()),
        Arc::new(mqtt::Mqtt::at_least_once()),
        Arc::new(redis::Redis { durable: false }),
        Arc::new(redis::Redis { durable: true }),
    ]
}

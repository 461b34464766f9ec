//! Orders through Kafka: a service that places them and tells of it, and one that
//! books them in batches and never forgets one.
//!
//! ```text
//! cargo run --example kafka     # NESTRS_KAFKA_URL=host:port for a broker elsewhere
//! ```

use std::sync::Arc;

use nestrs::BootstrapError;
use nestrs::microservices::{
    KafkaFailurePolicy, KafkaMicroserviceOptions, KafkaRecord, KafkaTopics, KafkaTransportOptions,
};
use nestrs::prelude::*;
use serde::{Deserialize, Serialize};

fn broker() -> String {
    let broker = std::env::var("NESTRS_KAFKA_URL");
    broker.unwrap_or_else(|_| "localhost:9092".to_owned())
}

#[derive(Serialize, Deserialize)]
struct Order {
    id: u64,
    item: String,
}

#[injectable]
struct Orders {
    client: Arc<ClientProxy>,
}

#[micro_routes]
impl Orders {
    #[message_pattern("orders.create")]
    async fn create(&self, order: Order) -> Result<Order, TransportError> {
        // Events of one order stay in order: they have one key.
        let record = KafkaRecord::key(order.id.to_string());
        let event = self.client.message("orders.created", &order);
        event.record(record).emit().await?;
        Ok(order)
    }
}

#[module(
    imports = [
        ClientsModule::register(&[
            ClientConfig::kafka("events", KafkaTransportOptions::new(broker())),
        ]),
    ],
    microservices = [Orders],
)]
struct OrdersModule;

#[injectable]
struct Books;

#[micro_routes]
impl Books {
    // Up to a hundred at a time, committed together once this returns.
    #[event_pattern("orders.created", extras = { "batch": { "size": 100, "wait_ms": 50 } })]
    async fn created(&self, orders: Vec<Order>) -> Result<(), TransportError> {
        for Order { id, item } in orders {
            println!("booked: order {id}, {item}");
        }
        Ok(())
    }
}

#[module(microservices = [Books])]
struct BooksModule;

#[tokio::main]
async fn main() -> Result<(), BootstrapError> {
    tracing_subscriber::fmt().with_target(false).init();
    // First who listens: a group that is new begins with what comes from now on.
    let books = KafkaMicroserviceOptions::new(broker())
        .group_id("books")
        .create_topics(KafkaTopics::default())
        .on_failure(KafkaFailurePolicy {
            dead_letters: Some("books.dead".to_owned()),
            ..KafkaFailurePolicy::default()
        });
    let books = NestFactory::create_microservice_kafka::<BooksModule>(books);
    let books = books.start().await?;

    println!("Call `orders.create` with {{ id: 1, item: 'book' }}. From NestJS:");
    println!(
        "  const client = new ClientKafka({{ client: {{ brokers: ['{}'] }} }});",
        broker()
    );
    println!("  client.subscribeToResponseOf('orders.create');");

    let orders = KafkaMicroserviceOptions::new(broker())
        .group_id("orders")
        .create_topics(KafkaTopics::default());
    NestFactory::create_microservice_kafka::<OrdersModule>(orders)
        .try_listen()
        .await?;
    books.shutdown().await;
    Ok(())
}

//! Two services that never take each other's messages, through RabbitMQ: orders
//! answers requests and tells of what it did, mails listens, and tries again what
//! fails.
//!
//! ```text
//! rabbitmq-server &                # or any other broker
//! cargo run --example rabbitmq     # NESTRS_RABBITMQ_URL=amqp://host:port for another address
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nestrs::BootstrapError;
use nestrs::microservices::{
    RabbitMqContext, RabbitMqFailurePolicy, RabbitMqMicroserviceOptions, RabbitMqQueueOptions,
    RabbitMqTransportOptions,
};
use nestrs::prelude::*;
use serde_json::{Value, json};

fn url() -> String {
    let url = std::env::var("NESTRS_RABBITMQ_URL");
    url.unwrap_or_else(|_| "amqp://localhost".to_owned())
}

#[injectable]
struct Orders {
    client: Arc<ClientProxy>,
}

#[micro_routes]
impl Orders {
    #[message_pattern("orders.create")]
    async fn create(&self, item: String) -> Result<Value, TransportError> {
        let order = json!({ "id": 1, "item": item });
        self.client.emit("orders.created", &order).await?;
        Ok(order)
    }
}

#[module(
    imports = [
        ClientsModule::register(&[
            ClientConfig::rabbitmq("events", RabbitMqTransportOptions::new(url())),
        ]),
    ],
    microservices = [Orders],
)]
struct OrdersModule;

#[injectable]
struct Mails {
    #[inject(default)]
    is_awake: AtomicBool,
}

#[micro_routes]
impl Mails {
    #[event_pattern("orders.created")]
    async fn created(&self, order: Value, ctx: Ctx) -> Result<(), TransportError> {
        if !self.is_awake.swap(true, Ordering::Relaxed) {
            return Err(TransportError::new("the mail server still sleeps"));
        }
        let rabbitmq = ctx.native::<RabbitMqContext>();
        let key = rabbitmq.map_or("", |rabbitmq| &rabbitmq.routing_key);
        println!("mail: {key}: {}", order["item"]);
        Ok(())
    }
}

#[module(microservices = [Mails])]
struct MailsModule;

#[tokio::main]
async fn main() -> Result<(), BootstrapError> {
    tracing_subscriber::fmt().with_target(false).init();
    let orders = RabbitMqMicroserviceOptions::new(url());
    let orders = NestFactory::create_microservice_rabbitmq::<OrdersModule>(orders);
    let orders = orders.start().await?;

    println!("Call `orders.create` with a string, at the exchange `nestrs`. From NestJS:");
    println!("  ClientProxyFactory.create({{ transport: Transport.RMQ,");
    println!(
        "    options: {{ urls: ['{}'], exchange: 'nestrs', wildcards: true }} }})",
        url()
    );

    let mails = RabbitMqMicroserviceOptions::new(url())
        .queue(RabbitMqQueueOptions::default().dead_letter_queue("mails.dead"))
        .on_failure(RabbitMqFailurePolicy::Retry {
            attempts: 5,
            backoff: Duration::from_millis(100),
        });
    NestFactory::create_microservice_rabbitmq::<MailsModule>(mails)
        .try_listen()
        .await?;
    orders.shutdown().await;
    Ok(())
}

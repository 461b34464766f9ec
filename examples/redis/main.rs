//! Two services in one process, which talk to each other by Redis: one takes
//! orders, the other sends mails for them, and misses none.
//!
//! ```text
//! redis-server &                # or any other Redis
//! cargo run --example redis     # NESTRS_REDIS_URL=redis://host:port for another address
//! ```

use std::sync::Arc;

use nestrs::microservices::{
    ClientConfig, RedisContext, RedisMicroserviceOptions, RedisTransportOptions,
};
use nestrs::prelude::*;
use serde_json::{Value, json};

#[injectable]
struct Orders {
    client: Arc<ClientProxy>,
}

#[micro_routes]
impl Orders {
    #[message_pattern("orders.place")]
    async fn place(&self, order: Value) -> Result<Value, TransportError> {
        // By a stream: it waits for the mails if they are not there.
        self.client.emit("orders.placed", &order).await?;
        Ok(json!({ "placed": order }))
    }
}

#[module(
    imports = [ClientsModule::register(&[ClientConfig::redis(
        "redis",
        RedisTransportOptions::new(url()).durable(true),
    )])],
    microservices = [Orders],
)]
struct OrdersModule;

#[injectable]
struct Mails;

#[micro_routes]
impl Mails {
    #[event_pattern("orders.placed")]
    async fn placed(&self, order: Value, ctx: Ctx) {
        let delivery = ctx
            .native::<RedisContext>()
            .and_then(|redis| redis.delivery.as_ref());
        let attempt = delivery.map_or(0, |delivery| delivery.attempt);
        println!("a mail for {order}, attempt {attempt}");
    }
}

#[module(microservices = [Mails])]
struct MailsModule;

fn url() -> String {
    std::env::var("NESTRS_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned())
}

#[tokio::main]
async fn main() {
    let options = RedisMicroserviceOptions::new(url()).durable(true);
    let mails = NestFactory::create_microservice_redis::<MailsModule>(options);
    let orders = NestFactory::create_microservice_redis::<OrdersModule>(
        RedisMicroserviceOptions::new(url()),
    );
    println!("Try:");
    println!("  redis-cli -u {} subscribe orders.place.reply", url());
    println!(
        r#"  redis-cli -u {} publish orders.place '{{"pattern":"orders.place","data":{{"lamp":2}},"id":"1"}}'"#,
        url()
    );
    tokio::join!(mails.listen(), orders.listen());
}

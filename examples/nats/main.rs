//! A service behind a NATS server: it hears what is paid and says what it came
//! to. Start it twice: each payment is counted by one of the two.
//!
//! ```text
//! nats-server &                # or any other
//! cargo run --example nats     # NESTRS_NATS_URL=nats://host:port for another address
//! ```

use std::sync::atomic::{AtomicU64, Ordering};

use nestrs::microservices::{NatsContext, NatsMicroserviceOptions};
use nestrs::prelude::*;

#[injectable]
struct Till {
    #[inject(default)]
    cents: AtomicU64,
}

#[micro_routes]
impl Till {
    #[event_pattern("orders.*.paid")]
    async fn paid(&self, cents: u64, ctx: Ctx) {
        self.cents.fetch_add(cents, Ordering::Relaxed);
        if let Some(nats) = ctx.native::<NatsContext>() {
            println!("{}: {cents} cents", nats.subject);
        }
    }

    #[message_pattern("till.total")]
    async fn total(&self) -> u64 {
        self.cents.load(Ordering::Relaxed)
    }
}

#[module(microservices = [Till])]
struct AppModule;

#[tokio::main]
async fn main() {
    let url = std::env::var("NESTRS_NATS_URL");
    let url = url.unwrap_or_else(|_| "nats://127.0.0.1:4222".to_owned());
    let port = url.rsplit(':').next().unwrap_or("4222").to_owned();
    // NATS speaks in lines: any event is its payload, a request has an id.
    let request = r#"{"data":{},"id":"1"}"#;
    let length = request.len();
    println!("Try:");
    println!(r"  printf 'PUB orders.7.paid 3\r\n995\r\n' | nc -w1 localhost {port}");
    println!(
        r"  printf 'SUB me 1\r\nPUB till.total me {length}\r\n{request}\r\n' | nc -w1 localhost {port}"
    );
    NestFactory::create_microservice_nats::<AppModule>(NatsMicroserviceOptions::new(url))
        .listen()
        .await;
}

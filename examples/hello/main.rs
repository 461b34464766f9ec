//! The smallest service: one message over TCP.
//!
//! ```text
//! cargo run --example hello
//! ```

use nestrs::microservices::TcpMicroserviceOptions;
use nestrs::prelude::*;

#[injectable]
struct Greeter;

#[micro_routes]
impl Greeter {
    #[message_pattern("hello")]
    async fn hello(&self, name: String) -> String {
        format!("Hello, {name}!")
    }
}

#[module(microservices = [Greeter])]
struct AppModule;

#[tokio::main]
async fn main() {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3001".to_owned());
    // As NestJS writes it: the length, `#`, the packet.
    let packet = r#"{"pattern":"hello","data":"Ada","id":"1"}"#;
    let length = packet.len();
    println!("Try:");
    println!("  echo -n '{length}#{packet}' | nc -w1 localhost {port}");

    let options = TcpMicroserviceOptions::new(format!("127.0.0.1:{port}"));
    NestFactory::create_microservice::<AppModule>(options)
        .listen()
        .await;
}

//! What one writes by hand who wants no framework: the same packets over the same client crates, with the same settings.
//!
//! # Layout
//! [`packet`]: what goes over the wire. [`waiting`]: calls that have no reply yet. One file for each transport.

mod grpc;
mod kafka;
mod mqtt;
mod nats;
mod packet;
mod rabbitmq;
mod redis;
mod tcp;
mod waiting;

use load::Failure;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, transport, address) = load::arguments()?;
    let (url, name) = address.split_once('#').unwrap_or((&address, ""));
    match (side.as_str(), transport.as_str()) {
        ("server", "tcp") => tcp::serve(url).await,
        ("client", "tcp") => load::run(|| tcp::connect(url)).await,
        ("server", "grpc") => grpc::serve(url).await,
        ("client", "grpc") => load::run(|| grpc::connect(url)).await,
        ("server", "kafka") => kafka::serve(url).await,
        ("client", "kafka") => load::run(|| kafka::connect(url)).await,
        ("server", "nats") => nats::serve(url).await,
        ("client", "nats") => load::run(|| nats::connect(url)).await,
        ("server", "redis") => redis::serve(url).await,
        ("client", "redis") => load::run(|| redis::connect(url)).await,
        ("server", "mqtt") => mqtt::serve(url).await,
        ("client", "mqtt") => load::run(|| mqtt::connect(url)).await,
        ("server", "rabbitmq") => rabbitmq::serve(url, name).await,
        ("client", "rabbitmq") => load::run(|| rabbitmq::connect(url, name)).await,
        _ => Err(Failure::new(format!("it has no {transport}"))),
    }
}

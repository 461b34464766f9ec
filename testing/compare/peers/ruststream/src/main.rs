//! RustStream, as its documentation has it. It has requests over NATS and RabbitMQ, and streams of replies over none.

mod nats;
mod rabbitmq;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use load::Failure;

/// What a call may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

static SEEN: AtomicU64 = AtomicU64::new(0);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, transport, address) = load::arguments()?;
    let url = address.split('#').next().unwrap_or_default();
    match (side.as_str(), transport.as_str()) {
        ("server", "nats") => nats::serve(url).await,
        ("client", "nats") => load::run(|| nats::connect(url)).await,
        ("server", "rabbitmq") => rabbitmq::serve(url).await,
        ("client", "rabbitmq") => load::run(|| rabbitmq::connect(url)).await,
        _ => Err(Failure::new(format!("it has no requests over {transport}"))),
    }
}

pub(crate) fn seen() -> u64 {
    SEEN.load(Ordering::Relaxed)
}

pub(crate) fn one_more() {
    SEEN.fetch_add(1, Ordering::Relaxed);
}

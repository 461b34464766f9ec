//! One broker of each kind for tests that break nothing.
//!
//! It is the one that an environment variable names (`NESTRS_NATS_URL`; `cargo xtask test` and
//! `cargo xtask brokers up` start a set and say so), or one that this process starts when it is
//! first asked for. Other tests use it too: take subjects, queues and topics of your own.

use tokio::sync::OnceCell;

use crate::{Broker, BrokerOptions, Error, Kind};

/// The address of the shared NATS server: `nats://127.0.0.1:20001`.
///
/// ```no_run
/// # async fn f() -> Result<(), nestrs_brokers::Error> {
/// let url = nestrs_brokers::shared::nats().await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`BrokerOptions::start`]; the next test tries again.
///
/// # Cancel safety
///
/// The next one who asks starts anew.
pub async fn nats() -> Result<&'static str, Error> {
    static URL: Shared = Shared::const_new();
    url(&URL, Kind::Nats).await
}

/// The address of the shared Redis server: `redis://127.0.0.1:20001`.
///
/// # Errors
///
/// As [`nats`].
pub async fn redis() -> Result<&'static str, Error> {
    static URL: Shared = Shared::const_new();
    url(&URL, Kind::Redis).await
}

/// The address of the shared RabbitMQ node: `amqp://127.0.0.1:20001`, for `guest`.
///
/// # Errors
///
/// As [`nats`].
pub async fn rabbitmq() -> Result<&'static str, Error> {
    static URL: Shared = Shared::const_new();
    url(&URL, Kind::RabbitMq).await
}

/// The address of the shared MQTT broker: `mqtt://127.0.0.1:20001`.
///
/// # Errors
///
/// As [`nats`].
pub async fn mosquitto() -> Result<&'static str, Error> {
    static URL: Shared = Shared::const_new();
    url(&URL, Kind::Mosquitto).await
}

/// The address of the shared Kafka node: `127.0.0.1:20001`.
///
/// # Errors
///
/// As [`nats`].
pub async fn kafka() -> Result<&'static str, Error> {
    static URL: Shared = Shared::const_new();
    url(&URL, Kind::Kafka).await
}

/// Nobody drops what is static: the broker's folder has it ended when this process is gone.
type Shared = OnceCell<(String, Option<Broker>)>;

async fn url(shared: &'static Shared, kind: Kind) -> Result<&'static str, Error> {
    let start = || async {
        if let Ok(url) = std::env::var(kind.variable()) {
            return Ok((url, None));
        }
        let broker = BrokerOptions::new(kind).start().await?;
        Ok((broker.url(), Some(broker)))
    };
    Ok(&shared.get_or_try_init(start).await?.0)
}

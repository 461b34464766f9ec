//! How an application is tested: overrides, mocks, and a clock that is paused.
//!
//! ```text
//! cargo test -p nestrs-examples --test testing
//! cargo run --example testing
//! ```
//!
//! The application greets those who sign up. It needs a mail server, a store
//! with a connection, a token from whoever asks, and time; its tests in
//! `../tests/testing.rs` need none of these.

use std::sync::Arc;
use std::time::Duration;

use nestrs::microservices::{ErrorKind, TcpMicroserviceOptions, TcpTransportOptions};
use nestrs::prelude::*;
use serde_json::{Value, json};

/// Where names are kept.
#[injectable]
#[async_trait]
pub(crate) trait Store: Send + Sync {
    async fn keep(&self, name: &str) -> Result<u32, TransportError>;
}

struct Connection;

#[injectable]
impl Connection {
    #[constructor]
    async fn open() -> Result<Self, &'static str> {
        Err("there is no database on this machine")
    }
}

#[injectable(bind = dyn Store)]
struct Database {
    _connection: Arc<Connection>,
}

#[async_trait]
impl Store for Database {
    async fn keep(&self, _: &str) -> Result<u32, TransportError> {
        Ok(1)
    }
}

/// Lets nobody in without a token.
#[derive(Default)]
pub(crate) struct TokenGuard;

#[async_trait]
impl MicroCanActivate for TokenGuard {
    async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
        match payload["token"].as_str() {
            Some("open sesame") => Ok(()),
            _ => Err(TransportError::new("Forbidden resource")),
        }
    }
}

#[injectable]
struct SignupService {
    store: Arc<dyn Store>,
    #[inject("mail")]
    mail: Arc<ClientProxy>,
}

#[micro_routes]
impl SignupService {
    #[message_pattern("signup")]
    #[use_micro_guards(TokenGuard)]
    async fn sign_up(&self, user: Value) -> Result<u32, TransportError> {
        let name = user["name"].as_str().unwrap_or("nobody");
        let id = self.store.keep(name).await?;
        self.greet(name).await?;
        self.mail
            .emit("mail.stats", &json!({ "signups": id }))
            .await?;
        Ok(id)
    }
}

impl SignupService {
    /// The mail server is not always there: tries for a minute.
    async fn greet(&self, name: &str) -> Result<(), TransportError> {
        let mut tries = 0;
        loop {
            match self.mail.send("mail.greet", name).await {
                Err(error) if error.kind() == ErrorKind::Timeout && tries < 6 => tries += 1,
                answer => return answer,
            }
        }
    }
}

#[module(providers = [Database, Connection], exports = [dyn Store])]
pub(crate) struct StoreModule;

#[module(
    imports = [
        StoreModule,
        ClientsModule::register(&[
            ClientConfig::tcp("mail", TcpTransportOptions::default())
                .timeout(Duration::from_secs(10)),
        ]),
    ],
    microservices = [SignupService],
)]
pub(crate) struct AppModule;

#[tokio::main]
async fn main() {
    let started = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
        .try_listen()
        .await;
    if let Err(error) = started {
        println!("It does not run here:\n{error}\n");
        println!("Its tests do: cargo test -p nestrs-examples --test testing");
    }
}

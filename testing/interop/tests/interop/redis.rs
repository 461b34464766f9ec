//! NestJS and nestrs with each other over Redis, both ways, both versions.

use std::sync::Arc;
use std::time::Duration;

use nestrs::RunningApplication;
use nestrs::microservices::{
    ErrorKind, RedisMicroserviceOptions, RedisTransport, RedisTransportOptions,
};
use nestrs::prelude::*;
use nestrs_brokers::Broker;
use nestrs_interop::{
    Caller, Case, Command, Direction, Error, Nest, NestClient, NestServer, cases, play,
};
use serde_json::{Value, json};

use crate::contract::ContractModule;
use crate::nestrs_peer::NestrsClient;

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11, false).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, false).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs_with_wildcards() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, true).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11, false).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, false).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12_with_wildcards() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, true).await
}

#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker, false).await;
    let direction = Direction::new("redis", "nestrs", "nestrs");
    play(&direction, &NestrsClient(client(&broker)), &answered()).await?;
    app.shutdown().await;
    Ok(())
}

/// NestJS 12's metadata are our headers; NestJS 11 has none. What nestrs peers tell each other
/// beside them is nothing that a handler sees.
#[tokio::test]
async fn metadata_are_headers() -> Result<(), Error> {
    let metadata = json!({ "tenant": "acmé" });
    for (version, sent) in [(Nest::V11, Value::Null), (Nest::V12, metadata.clone())] {
        let broker = broker().await;
        let nest = NestServer::start(version, "redis", &address(&broker)).await?;
        let client = client(&broker);
        until_subscribed(&client).await;
        let message = client.message("metadata", &1).header("tenant", "acmé");
        let mut seen: Value = message.send().await.expect("it is answered");
        if let Some(seen) = seen.as_object_mut() {
            seen.retain(|name, _| !name.starts_with("nestrs-"));
        }
        assert_eq!(seen, sent);
        let slow = json!({ "ms": 200 });
        let given_up = client.message("slow", &slow);
        let given_up = given_up.timeout(Duration::from_millis(20)).send::<Value>();
        given_up.await.expect_err("it is slower than that");
        until_subscribed(&client).await;
        let logged = nest.logged();
        assert!(
            logged.lines().all(|line| line.starts_with("log ")),
            "{logged}"
        );
        nest.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_nobody_is_subscribed_to_fails_at_once_with_us_and_never_with_nest()
-> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker, false).await;
    let refused = client(&broker).send::<_, Value>("no.such", &1).await;
    assert_eq!(
        refused.expect_err("nobody answers").kind(),
        ErrorKind::NoHandler
    );
    let nest = NestClient::start(Nest::V12, "redis", &address(&broker)).await?;
    let mut command = Command::send("no.such", json!({}));
    command.timeout = Duration::from_millis(300);
    let seen = nest.call(&command).await?;
    let error = seen.error.expect("nobody answers");
    assert_eq!(error["message"], "Timeout has occurred");
    nest.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nest_to_nestrs(version: Nest, wildcards: bool) -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker, wildcards).await;
    let client = NestClient::start(version, "redis", &address(&broker)).await?;
    let direction = Direction::new("redis", version, "nestrs");
    play(&direction, &client, &answered()).await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest, wildcards: bool) -> Result<(), Error> {
    let broker = broker().await;
    let mut options = address(&broker);
    options["wildcards"] = json!(wildcards);
    let server = NestServer::start(version, "redis", &options).await?;
    let client = client(&broker);
    until_subscribed(&client).await;
    let direction = Direction::new("redis", "nestrs", version);
    play(&direction, &NestrsClient(client), &answered()).await?;
    server.stop().await
}

/// NestJS says that it listens before Redis has confirmed its subscriptions.
async fn until_subscribed(client: &ClientProxy) {
    while client.send::<_, Value>("echo", &1).await.is_err() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The patterns are the same in each test, so each has a broker of its own.
async fn broker() -> Broker {
    let started = Broker::redis().start().await;
    started.expect("a broker can be started")
}

fn address(broker: &Broker) -> Value {
    let address = broker.address();
    json!({ "host": address.ip(), "port": address.port() })
}

async fn server(broker: &Broker, wildcards: bool) -> RunningApplication {
    let options = RedisMicroserviceOptions::new(broker.url()).wildcards(wildcards);
    let app = NestFactory::create_microservice_redis::<ContractModule>(options);
    app.start().await.expect("the contract can be served")
}

fn client(broker: &Broker) -> ClientProxy {
    let options = RedisTransportOptions::new(broker.url());
    ClientProxy::new(Arc::new(RedisTransport::new(options)))
}

/// Nobody answers for a channel that nobody is subscribed to.
fn answered() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| case.name != "unknown pattern");
    cases
}

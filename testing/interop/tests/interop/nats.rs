//! NestJS and nestrs with each other over NATS, both ways, both versions, each
//! pair on a broker of its own: they all answer to the same patterns.

use std::sync::Arc;
use std::time::Duration;

use nestrs::RunningApplication;
use nestrs::microservices::{
    NatsContext, NatsMicroserviceOptions, NatsTransport, NatsTransportOptions,
};
use nestrs::prelude::*;
use nestrs_brokers::Broker;
use nestrs_interop::{
    Caller, Case, Command, Direction, Error, Expect, Nest, NestClient, NestServer, cases, play,
};
use serde_json::{Value, json};

use crate::contract::ContractModule;
use crate::nestrs_peer::NestrsClient;

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12).await
}

#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker).await;
    let direction = Direction::new("nats", "nestrs", "nestrs");
    play(&direction, &client(&broker), &all_cases(our_no_responders)).await?;
    app.shutdown().await;
    Ok(())
}

async fn nest_to_nestrs(version: Nest) -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker).await;
    let client = NestClient::start(version, "nats", &options(&broker)).await?;
    let direction = Direction::new("nats", version, "nestrs");
    play(&direction, &client, &all_cases(nests_no_responders)).await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest) -> Result<(), Error> {
    let broker = broker().await;
    let server = NestServer::start(version, "nats", &options(&broker)).await?;
    let direction = Direction::new("nats", "nestrs", version);
    play(&direction, &client(&broker), &all_cases(our_no_responders)).await?;
    server.stop().await
}

#[tokio::test]
async fn headers_from_nest() -> Result<(), Error> {
    let broker = broker().await;
    let app = NestFactory::create_microservice_nats::<HeadersModule>(NatsMicroserviceOptions::new(
        broker.url(),
    ));
    let app = app.start().await.expect("the handler can be served");
    for version in Nest::ALL {
        let mut options = options(&broker);
        options["headers"] = json!({ "tenant": "acme" });
        let client = NestClient::start(version, "nats", &options).await?;
        let seen = client.call(&Command::send("sent.to.me", json!(1))).await?;
        let expected = json!({ "tenant": "acme", "subject": "sent.to.me" });
        assert_eq!(seen.values, [expected], "{version}");
        client.stop().await?;
    }
    app.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn headers_to_nest() -> Result<(), Error> {
    let broker = broker().await;
    for version in Nest::ALL {
        let server = NestServer::start(version, "nats", &options(&broker)).await?;
        let options = NatsTransportOptions::new(broker.url()).header("app", "shop");
        let client = ClientProxy::new(Arc::new(NatsTransport::new(options)));
        let message = client.message("nats.headers", &1).header("tenant", "acme");
        let seen: Value = message.send().await.expect("it is answered");
        // What nestrs peers tell each other is not among them.
        assert_eq!(
            seen,
            json!({ "app": "shop", "tenant": "acme" }),
            "{version}"
        );
        // Nobody there listens for calls that are given up, or minds.
        let slow = json!({ "ms": 100 });
        let message = client.message("slow", &slow);
        let given_up = message.timeout(Duration::from_millis(20)).send::<Value>();
        given_up.await.expect_err("it is slower than that");
        let alive: Value = client.send("echo", &1).await.expect("it is answered");
        assert_eq!(alive, 1);
        let logged = server.logged();
        assert!(
            logged.lines().all(|line| line.starts_with("log ")),
            "{logged}"
        );
        server.stop().await?;
    }
    Ok(())
}

/// Answers with what it knows of a message.
#[injectable]
struct Headers;

#[micro_routes]
impl Headers {
    #[message_pattern("sent.*.me")]
    async fn headers(&self, ctx: Ctx) -> Value {
        let nats = ctx.native::<NatsContext>().expect("it came by NATS");
        json!({ "tenant": ctx.headers.get("tenant"), "subject": nats.subject.as_str() })
    }
}

#[module(microservices = [Headers])]
struct HeadersModule;

/// One of the cases is larger than a broker takes by default.
async fn broker() -> Broker {
    let broker = Broker::nats().config("max_payload: 8388608");
    broker.start().await.expect("nats-server is installed")
}

/// NestJS's options.
fn options(broker: &Broker) -> Value {
    json!({ "servers": [broker.url()] })
}

async fn server(broker: &Broker) -> RunningApplication {
    let options = NatsMicroserviceOptions::new(broker.url());
    let app = NestFactory::create_microservice_nats::<ContractModule>(options);
    app.start().await.expect("the contract can be served")
}

fn client(broker: &Broker) -> NestrsClient {
    let options = NatsTransportOptions::new(broker.url());
    NestrsClient(ClientProxy::new(Arc::new(NatsTransport::new(options))))
}

/// What every transport does, but for patterns nobody handles: on NATS the
/// broker says so, not the service, and a NestJS client raises an error of its
/// own.
fn all_cases(no_responders: fn(String) -> Value) -> Vec<Case> {
    let mut all = cases();
    all.retain(|case| case.name != "unknown pattern");
    let nobody = |pattern: &str| {
        no_responders(format!(
            "Empty response. There are no subscribers listening to that message (\"{pattern}\")"
        ))
    };
    let object = json!({ "cmd": "none" });
    let unknown = Case::new("unknown pattern")
        .fails("no.such", json!({}), nobody("no.such"))
        .fails(object.clone(), json!({}), nobody(&object.to_string()))
        .answers("echo", json!("alive"), "alive");
    all.push(unknown);
    let late = json!({ "status": "error", "message": "late" });
    let command = Command::send("stream.fail", json!({}));
    all.push(Case::new("stream.fail").step(command, Expect::Error(vec![json!(0)], late)));
    all
}

fn nests_no_responders(message: String) -> Value {
    json!({ "instanceOf": "Error", "message": message })
}

fn our_no_responders(message: String) -> Value {
    json!({ "status": "error", "message": message, "details": { "code": "NO_HANDLER" } })
}

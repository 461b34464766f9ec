//! NestJS and nestrs with each other over Kafka, both ways, both versions.

use std::sync::Arc;

use nestrs::RunningApplication;
use nestrs::core::dispatch::BoxFuture;
use nestrs::core::{Answer, Dispatch, Message, Shutdown, TransportServer};
use nestrs::microservices::{KafkaMicroserviceOptions, KafkaTransport, KafkaTransportOptions};
use nestrs::prelude::*;
use nestrs_brokers::Broker;
use nestrs_interop::{
    Caller, Case, Command, Direction, Error, Expect, Nest, NestClient, NestServer, cases, play,
};
use serde_json::{Value, json};

use crate::contract::NamedContractModule;
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

/// Between peers of nestrs a number is a number.
#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker).await;
    let direction = Direction::new("kafka", "nestrs", "nestrs");
    play(&direction, &client(&broker), &on_topics()).await?;
    app.shutdown().await;
    Ok(())
}

async fn nest_to_nestrs(version: Nest) -> Result<(), Error> {
    let broker = broker().await;
    let cases = as_nest_encodes(on_topics());
    create(&broker, &patterns(&cases), &["", ".reply"]).await;
    let app = server(&broker).await;
    let client = NestClient::start(version, "kafka", &options(&broker, &cases)).await?;
    play(&Direction::new("kafka", version, "nestrs"), &client, &cases).await?;
    record(&client).await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest) -> Result<(), Error> {
    let broker = broker().await;
    let mut cases = as_nest_encodes(on_topics());
    // NestJS 11 never answers with a stream of nothing, and NestJS 12 does so with a null.
    // Either handles what is in one partition in turn.
    cases.retain(|case| !matches!(case.name, "stream of nothing" | "fast overtakes slow"));
    // Topics of replies are for the client to have there.
    create(&broker, &patterns(&cases), &[""]).await;
    let server = NestServer::start(version, "kafka", &options(&broker, &cases)).await?;
    let direction = Direction::new("kafka", "nestrs", version);
    let client = client(&broker);
    play(&direction, &client, &cases).await?;
    record(&client).await?;
    server.stop().await
}

/// What is `{ key, value, headers }` is the record itself, whoever sends it.
async fn record(client: &impl Caller) -> Result<(), Error> {
    let record = json!({ "key": "k", "value": { "a": 1 }, "headers": { "tenant": "acme" } });
    let seen = client.call(&Command::send("echo", record)).await?;
    assert_eq!(seen.values, [json!({ "a": 1 })]);
    Ok(())
}

/// The patterns are the same in each test, so each has a broker of its own.
async fn broker() -> Broker {
    // One of the cases is of more than a megabyte.
    let options = Broker::kafka().config("message.max.bytes=4000000");
    options.start().await.expect("a broker can be started")
}

/// Has these topics there, and those of the contract: kafkajs fails with one that is only being
/// created.
async fn create(broker: &Broker, patterns: &[Value], postfixes: &[&str]) {
    struct Topics(Vec<String>);

    impl Dispatch for Topics {
        fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
            Box::pin(async { Answer::Silent })
        }
        fn routes(&self) -> Vec<String> {
            self.0.clone()
        }
    }

    // The contract has these too.
    let more = ["metadata", "nats.headers", "slow", "stream.fail"];
    let names = patterns.iter().filter_map(Value::as_str).chain(more);
    let topics = names.flat_map(|name| postfixes.iter().map(move |of| format!("{name}{of}")));
    let mut topics: Vec<_> = topics.collect();
    topics.sort();
    topics.dedup();
    let shutdown = Shutdown::new();
    let server = Box::new(KafkaMicroserviceOptions::new(broker.url()));
    let running = server
        .start(Arc::new(Topics(topics)), shutdown.clone())
        .await;
    let running = running.expect("topics can be created");
    shutdown.stop();
    running.done.await;
}

/// The patterns of these cases.
fn patterns(cases: &[Case]) -> Vec<Value> {
    let commands = cases.iter().flat_map(|case| &case.steps);
    let mut patterns: Vec<_> = commands.map(|step| step.command.pattern.clone()).collect();
    patterns.sort_by_key(ToString::to_string);
    patterns.dedup();
    patterns
}

/// NestJS's own options, and which replies a client of it will get.
fn options(broker: &Broker, cases: &[Case]) -> Value {
    let quick = json!({ "maxWaitTimeInMs": 5 });
    json!({
        "client": { "brokers": [broker.url()], "logLevel": 0 },
        "consumer": quick,
        "repliesOf": patterns(cases),
    })
}

async fn server(broker: &Broker) -> RunningApplication {
    let mut options = KafkaMicroserviceOptions::new(broker.url());
    options.max_message_size = 4_000_000;
    let app = NestFactory::create_microservice_kafka::<NamedContractModule>(options);
    app.start().await.expect("the contract can be served")
}

fn client(broker: &Broker) -> NestrsClient {
    let options = KafkaTransportOptions {
        max_message_size: 4_000_000,
        ..KafkaTransportOptions::new(broker.url())
    };
    NestrsClient(ClientProxy::new(Arc::new(KafkaTransport::new(options))))
}

/// The cases that can be had with topics, to which nobody answers if nobody reads them.
fn on_topics() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| {
        let names_only = case
            .steps
            .iter()
            .all(|step| step.command.pattern.is_string());
        names_only && !matches!(case.name, "object pattern as text" | "unknown pattern")
    });
    for case in &mut cases {
        // A request to an event handler is an event to NestJS, and never answered.
        if case.name == "request to an event handler" {
            let step = &mut case.steps[0];
            step.command = Command::emit(step.command.pattern.clone(), step.command.data.clone());
        }
    }
    cases
}

/// What NestJS's encoding makes of the answers: a number is a string, and nothing is null.
fn as_nest_encodes(mut cases: Vec<Case>) -> Vec<Case> {
    let text = |value: &mut Value| {
        if value.is_number() || value.is_boolean() {
            *value = value.to_string().into();
        }
    };
    for step in cases.iter_mut().flat_map(|case| &mut case.steps) {
        let is_answered = step.command.op == nestrs_interop::Operation::Send;
        match &mut step.expect {
            Expect::Values(values) if values.is_empty() && is_answered => values.push(Value::Null),
            Expect::Values(values) | Expect::Error(values, _) => values.iter_mut().for_each(text),
        }
    }
    cases
}

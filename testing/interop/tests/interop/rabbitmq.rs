//! NestJS and nestrs with each other over RabbitMQ, both ways, both versions,
//! in each of the ways in which NestJS finds a server.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use nestrs::RunningApplication;
use nestrs::core::dispatch::BoxFuture;
use nestrs::core::{Answer, Dispatch, Message, Shutdown, TransportServer};
use nestrs::microservices::{
    RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport, RabbitMqTransportOptions,
};
use nestrs::prelude::*;
use nestrs_brokers::shared;
use nestrs_interop::{
    Caller, Case, Command, Direction, Error, Expect, Nest, NestClient, NestServer, cases, play,
};
use serde_json::{Value, json};

use crate::contract::ContractModule;
use crate::nestrs_peer::NestrsClient;

/// One way to find a server, in NestJS's words and in ours.
struct Way {
    name: &'static str,
    nest: Value,
    routing: RabbitMqRouting,
}

fn queue() -> Way {
    let queue = unique();
    Way {
        name: "rabbitmq",
        nest: json!({ "queue": queue }),
        routing: RabbitMqRouting::queue(queue),
    }
}

fn wildcards() -> Way {
    let queue = unique();
    Way {
        name: "rabbitmq *",
        nest: json!({ "queue": queue, "wildcards": true }),
        routing: RabbitMqRouting::wildcards(queue),
    }
}

fn fanout() -> Way {
    let exchange = unique();
    Way {
        name: "rabbitmq fanout",
        nest: json!({ "exchange": exchange, "exchangeType": "fanout", "queue": "" }),
        routing: RabbitMqRouting::fanout(exchange),
    }
}

/// A server of ours on an exchange, and a NestJS client that names no queue of it.
fn topic() -> Way {
    let exchange = unique();
    Way {
        name: "rabbitmq topic",
        nest: json!({ "exchange": exchange, "queue": unique(), "wildcards": true }),
        routing: RabbitMqRouting::topic(exchange),
    }
}

fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("interop-{}-{count}", std::process::id())
}

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11, queue()).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, queue()).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11, queue()).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, queue()).await
}

#[tokio::test]
async fn nest_11_client_to_nestrs_by_wildcards() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11, wildcards()).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs_by_a_topic_exchange() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, topic()).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11_by_a_topic_exchange() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11, topic()).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12_by_wildcards() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, wildcards()).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs_by_fanout() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, fanout()).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11_by_fanout() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11, fanout()).await
}

#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let way = queue();
    let app = server(&way).await;
    let direction = Direction::new(way.name, "nestrs", "nestrs");
    play(&direction, &client(&way).await, &all_cases()).await?;
    app.shutdown().await;
    Ok(())
}

async fn nest_to_nestrs(version: Nest, way: Way) -> Result<(), Error> {
    let app = server(&way).await;
    let client = NestClient::start(version, "rabbitmq", &options(&way).await).await?;
    let mut cases = all_cases();
    if way.nest["wildcards"] == true {
        // A NestJS client waits for ever if no queue is bound for its message.
        cases.retain(|case| case.name != "unknown pattern");
    }
    play(
        &Direction::new(way.name, version, "nestrs"),
        &client,
        &cases,
    )
    .await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest, way: Way) -> Result<(), Error> {
    let server = NestServer::start(version, "rabbitmq", &options(&way).await).await?;
    let direction = Direction::new(way.name, "nestrs", version);
    play(&direction, &client(&way).await, &all_cases()).await?;
    server.stop().await
}

/// Headers of a NestJS client are ours.
async fn nest_headers(version: Nest) -> Result<(), Error> {
    struct Headers;

    impl Dispatch for Headers {
        fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
            let headers = json!(message.context.headers).to_string();
            Box::pin(async { Answer::One(Ok(Some(headers.into()))) })
        }
        fn routes(&self) -> Vec<String> {
            Vec::new()
        }
    }

    let way = queue();
    let server = RabbitMqMicroserviceOptions::new(url().await).routing(way.routing.clone());
    let shutdown = Shutdown::new();
    let running = Box::new(server).start(Arc::new(Headers), shutdown.clone());
    let running = running.await.expect("the broker is there");
    let mut options = options(&way).await;
    options["headers"] = json!({ "tenant": "acmé" });
    let client = NestClient::start(version, "rabbitmq", &options).await?;
    let seen = client.call(&Command::send("headers", json!(1))).await?;
    assert_eq!(seen.values, [json!({ "tenant": "acmé" })]);
    client.stop().await?;
    shutdown.stop();
    running.done.await;
    Ok(())
}

#[tokio::test]
async fn headers_of_nest_11_are_ours() -> Result<(), Error> {
    nest_headers(Nest::V11).await
}

#[tokio::test]
async fn headers_of_nest_12_are_ours() -> Result<(), Error> {
    nest_headers(Nest::V12).await
}

async fn url() -> &'static str {
    shared::rabbitmq().await.expect("a broker can be started")
}

async fn options(way: &Way) -> Value {
    let mut options = way.nest.clone();
    options["urls"] = json!([url().await]);
    options
}

async fn server(way: &Way) -> RunningApplication {
    let options = RabbitMqMicroserviceOptions::new(url().await).routing(way.routing.clone());
    let app = NestFactory::create_microservice_rabbitmq::<ContractModule>(options);
    app.start().await.expect("the contract can be served")
}

async fn client(way: &Way) -> NestrsClient {
    let options = RabbitMqTransportOptions::new(url().await).routing(way.routing.clone());
    NestrsClient(ClientProxy::new(Arc::new(RabbitMqTransport::new(options))))
}

fn all_cases() -> Vec<Case> {
    let mut all = cases();
    let late = json!({ "status": "error", "message": "late" });
    let command = Command::send("stream.fail", json!({}));
    all.push(Case::new("stream.fail").step(command, Expect::Error(vec![json!(0)], late)));
    all
}

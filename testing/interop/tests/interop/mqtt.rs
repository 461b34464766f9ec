//! NestJS and nestrs with each other over MQTT, both ways, both versions.

use std::sync::Arc;

use nestrs::RunningApplication;
use nestrs::microservices::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};
use nestrs::prelude::*;
use nestrs_brokers::Broker;
use nestrs_interop::{Case, Direction, Error, Nest, NestClient, NestServer, cases, play};
use serde_json::json;

use crate::contract::ContractModule;
use crate::nestrs_peer::NestrsClient;

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11, MqttProtocol::V3).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, MqttProtocol::V3).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs_with_mqtt_5() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12, MqttProtocol::V5).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11, MqttProtocol::V3).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, MqttProtocol::V3).await
}

#[tokio::test]
async fn nestrs_client_with_mqtt_5_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12, MqttProtocol::V5).await
}

#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker, MqttProtocol::V3).await;
    let direction = Direction::new("mqtt", "nestrs", "nestrs");
    play(&direction, &client(&broker, MqttProtocol::V3), &answered()).await?;
    app.shutdown().await;
    Ok(())
}

async fn nest_to_nestrs(version: Nest, protocol: MqttProtocol) -> Result<(), Error> {
    let broker = broker().await;
    let app = server(&broker, protocol).await;
    let client = NestClient::start(version, "mqtt", &json!({ "url": broker.url() })).await?;
    let direction = Direction::new(name(protocol), version, "nestrs");
    // NestJS's client unsubscribes a reply topic that other calls of it still wait on.
    let mut cases = answered();
    cases.retain(|case| case.name != "2000 at once" && case.name != "fast overtakes slow");
    play(&direction, &client, &cases).await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest, protocol: MqttProtocol) -> Result<(), Error> {
    let broker = broker().await;
    let server = NestServer::start(version, "mqtt", &json!({ "url": broker.url() })).await?;
    let direction = Direction::new(name(protocol), "nestrs", version);
    play(&direction, &client(&broker, protocol), &answered()).await?;
    server.stop().await
}

/// The patterns are the same in each test, so each has a broker of its own.
async fn broker() -> Broker {
    let started = Broker::mosquitto().start().await;
    started.expect("a broker can be started")
}

async fn server(broker: &Broker, protocol: MqttProtocol) -> RunningApplication {
    let options = MqttMicroserviceOptions {
        broker: at(broker, protocol),
        ..MqttMicroserviceOptions::default()
    };
    let app = NestFactory::create_microservice_mqtt::<ContractModule>(options);
    app.start().await.expect("the contract can be served")
}

fn client(broker: &Broker, protocol: MqttProtocol) -> NestrsClient {
    let options = MqttTransportOptions {
        broker: at(broker, protocol),
        ..MqttTransportOptions::default()
    };
    NestrsClient(ClientProxy::new(Arc::new(MqttTransport::new(options))))
}

fn at(broker: &Broker, protocol: MqttProtocol) -> MqttBroker {
    MqttBroker {
        protocol,
        ..MqttBroker::new(broker.url())
    }
}

fn name(protocol: MqttProtocol) -> &'static str {
    match protocol {
        MqttProtocol::V3 => "mqtt",
        MqttProtocol::V5 => "mqtt 5",
    }
}

/// Nobody answers for a topic that nobody subscribes to.
fn answered() -> Vec<Case> {
    let mut cases = cases();
    cases.retain(|case| case.name != "unknown pattern");
    cases
}

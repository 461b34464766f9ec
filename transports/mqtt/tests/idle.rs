//! What it costs to wait for a broker. Alone in its process, whose time it
//! measures.
#![allow(clippy::unwrap_used)]

#[path = "mqtt/common/mod.rs"]
mod common;

use std::time::Duration;

use common::{Handlers, serve};
use nestrs_brokers::{Broker, computed};
use nestrs_core::{ClientStatus, Transport};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};

#[tokio::test]
async fn a_broker_that_is_away_costs_next_to_nothing() {
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let mut broker = Broker::mosquitto().start().await.unwrap();
        let at = MqttBroker {
            protocol,
            ..MqttBroker::new(broker.url())
        };
        let options = MqttMicroserviceOptions {
            broker: at.clone(),
            ..MqttMicroserviceOptions::default()
        };
        let _server = serve(options, &Handlers::new(["a"])).await;
        let client = MqttTransport::new(MqttTransportOptions {
            broker: at,
            ..MqttTransportOptions::default()
        });
        client.connect().await.unwrap();
        broker.kill();
        let mut status = client.status();
        while status.next().await != Some(ClientStatus::Reconnecting) {}
        let before = computed().unwrap();
        tokio::time::sleep(Duration::from_secs(4)).await;
        let spent = computed().unwrap() - before;
        assert!(
            spent <= Duration::from_millis(40),
            "{protocol:?}: {spent:?} in 4 seconds"
        );
    }
}

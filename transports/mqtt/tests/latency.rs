//! How long one call takes when nothing else is on its way.
#![allow(clippy::unwrap_used)]

#[path = "mqtt/common/mod.rs"]
mod common;

use std::time::{Duration, Instant};

use common::{Handlers, broker, serve, unique};
use nestrs_core::Transport;
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};
use serde_json::json;

const CALLS: usize = 100;

/// Others may be at work on the machine: the best of a few rounds counts.
#[tokio::test]
async fn half_of_the_calls_of_one_client_take_less_than_two_milliseconds() {
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let at = MqttBroker {
            protocol,
            ..MqttBroker::new(broker().await)
        };
        let topic = format!("{}/echo", unique("latency"));
        let options = MqttMicroserviceOptions {
            broker: at.clone(),
            ..MqttMicroserviceOptions::default()
        };
        let server = serve(options, &Handlers::new([&topic])).await;
        let client = MqttTransport::new(MqttTransportOptions {
            broker: at,
            ..MqttTransportOptions::default()
        });
        let mut best = Duration::MAX;
        for _ in 0..10 {
            let mut took = Vec::new();
            for number in 0..CALLS {
                let begin = Instant::now();
                client.send_json(&topic, json!(number)).await.unwrap();
                took.push(begin.elapsed());
            }
            took.sort();
            best = best.min(took[CALLS / 2]);
        }
        println!("{protocol:?}: {best:?}");
        assert!(best < Duration::from_millis(2), "{protocol:?}: {best:?}");
        server.stop().await;
    }
}

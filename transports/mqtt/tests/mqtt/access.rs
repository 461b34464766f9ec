//! Who is let in.

use std::time::{Duration, Instant};

use nestrs_brokers::Broker;
use nestrs_core::{Shutdown, StartError, Transport, TransportServer};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};
use serde_json::json;

use crate::common::{Handlers, serve, unique};

const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn who_is_not_let_in_is_told_at_once_and_nobody_sees_the_password() {
    let broker = Broker::mosquitto()
        .user("orders", "right")
        .start()
        .await
        .unwrap();
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let at = |password: &str| MqttBroker {
            protocol,
            username: Some("orders".to_owned()),
            password: Some(password.to_owned()),
            ..MqttBroker::new(broker.url())
        };
        let topic = format!("{}/echo", unique("user"));
        let handlers = Handlers::new([&topic]);
        let options = |password| MqttMicroserviceOptions {
            broker: at(password),
            ..MqttMicroserviceOptions::default()
        };
        let server = serve(options("right"), &handlers).await;
        let client = MqttTransport::new(MqttTransportOptions {
            broker: at("right"),
            ..MqttTransportOptions::default()
        });
        assert_eq!(client.send_json(&topic, json!(1)).await.unwrap(), 1);
        let since = Instant::now();
        let start = Box::new(options("hush")).start(std::sync::Arc::new(handlers), Shutdown::new());
        let error = start.await.unwrap_err();
        assert!(since.elapsed() < SOON);
        let text = format!("{error} {error:?}");
        assert!(matches!(error, StartError::Connect { .. }), "{text}");
        assert!(!text.contains("hush"), "{text}");
        server.stop().await;
    }
}

//! Through TLS, with a certificate to trust and without.

use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::tls::TlsClientOptions;
use nestrs_core::{ErrorKind, Transport};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};
use serde_json::json;

use crate::common::{Handlers, serve, unique};

#[tokio::test]
async fn through_tls() {
    let broker = Broker::mosquitto().tls().start().await.unwrap();
    let ca = broker.certificates().unwrap();
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let at = |ca_pem: Option<Vec<u8>>| MqttBroker {
            protocol,
            tls: Some(TlsClientOptions {
                ca_pem,
                ..TlsClientOptions::default()
            }),
            ..MqttBroker::new(broker.url())
        };
        let trusting = at(Some(ca.ca_pem.clone().into()));
        let topic = format!("{}/echo", unique("tls"));
        let options = MqttMicroserviceOptions {
            broker: trusting.clone(),
            ..MqttMicroserviceOptions::default()
        };
        let server = serve(options, &Handlers::new([&topic])).await;
        let client = |broker| {
            MqttTransport::new(MqttTransportOptions {
                broker,
                connect_timeout: Duration::from_millis(500),
                ..MqttTransportOptions::default()
            })
        };
        assert_eq!(
            client(trusting).send_json(&topic, json!(1)).await.unwrap(),
            1
        );
        let error = client(at(None))
            .send_json(&topic, json!(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        server.stop().await;
    }
}

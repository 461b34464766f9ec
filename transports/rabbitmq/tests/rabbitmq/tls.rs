//! Through TLS, with a password.

use nestrs_brokers::Broker;
use nestrs_core::tls::TlsClientOptions;
use nestrs_core::{ErrorKind, Transport};
use nestrs_transport_rabbitmq::{
    RabbitMqConnection, RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport,
    RabbitMqTransportOptions,
};
use serde_json::json;

use crate::common::Server;

#[tokio::test]
async fn both_sides_go_through_tls_with_a_password() {
    let broker = Broker::rabbitmq()
        .mutual_tls()
        .user("ada", "s3cret")
        .start()
        .await
        .unwrap();
    let certificates = broker.certificates().unwrap();
    let tls = TlsClientOptions {
        ca_pem: Some(certificates.ca_pem.clone().into()),
        identity_pem: Some((
            certificates.client_cert_pem.clone().into(),
            certificates.client_key_pem.clone().into(),
        )),
        ..TlsClientOptions::default()
    };
    let connection = RabbitMqConnection::new(broker.url()).credentials("ada", "s3cret");
    let trusting = connection.clone().tls(tls.clone());
    let routing = RabbitMqRouting::queue("tls");
    let options = RabbitMqMicroserviceOptions::new(trusting.clone()).routing(routing.clone());
    let server = Server::start(options, &["echo"]).await;
    let options = RabbitMqTransportOptions::new(trusting.clone()).routing(routing);
    let client = RabbitMqTransport::new(options);
    assert_eq!(client.send_json("echo", json!(1)).await.unwrap(), 1);

    // A broker that is not trusted, a name that is not the broker's.
    let another_name = trusting.tls(TlsClientOptions {
        server_name: Some("elsewhere".to_owned()),
        ..tls
    });
    for connection in [connection, another_name] {
        let client = RabbitMqTransport::new(RabbitMqTransportOptions::new(connection));
        let error = client.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.message.contains("certificate"), "{error}");
    }
    server.stop().await;
}

//! The same inside TLS.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod common;

use common::{Service, prefix};
use nestrs_brokers::Broker;
use nestrs_core::{ErrorKind, StartError, Transport};
use nestrs_transport_nats::{
    NatsBroker, NatsMicroserviceOptions, NatsTransport, NatsTransportOptions, TlsClientOptions,
};
use serde_json::json;

async fn gets_in(broker: NatsBroker) {
    let route = format!("{}.sum", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let server = service
        .start(NatsMicroserviceOptions::new(broker.clone()))
        .await;
    let client = NatsTransport::new(NatsTransportOptions::new(broker));
    assert_eq!(client.send_json(&route, json!([1, 2])).await, Ok(json!(3)));
    server.stop().await;
}

async fn is_turned_away(broker: NatsBroker) {
    let client = NatsTransport::new(NatsTransportOptions::new(broker));
    let error = client.send_json("a", json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message.contains("ertificate"), "{error}");
}

#[tokio::test]
async fn only_a_broker_that_is_trusted_is_spoken_to() {
    let broker = Broker::nats().tls().user("ann", "p").start().await.unwrap();
    let trusted = TlsClientOptions {
        ca_pem: Some(broker.certificates().unwrap().ca_pem.clone().into()),
        ..TlsClientOptions::default()
    };
    let by_name = broker.url().replace("127.0.0.1", "localhost");
    for url in [
        broker.url(),
        by_name.clone(),
        by_name.replace("tls://", "nats://"),
    ] {
        gets_in(NatsBroker::new(url).user("ann", "p").tls(trusted.clone())).await;
    }
    is_turned_away(NatsBroker::new(by_name).user("ann", "p")).await;
    let other = by_another_name(&broker);
    is_turned_away(NatsBroker::new(other).user("ann", "p").tls(trusted)).await;
}

/// A loopback address that the certificate does not name.
fn by_another_name(broker: &Broker) -> String {
    broker.url().replace("127.0.0.1", "[::ffff:127.0.0.1]")
}

#[tokio::test]
async fn a_broker_may_ask_for_a_certificate() {
    let broker = Broker::nats().mutual_tls().start().await.unwrap();
    let certificates = broker.certificates().unwrap();
    let anonymous = TlsClientOptions {
        ca_pem: Some(certificates.ca_pem.clone().into()),
        ..TlsClientOptions::default()
    };
    let (cert, key) = (&certificates.client_cert_pem, &certificates.client_key_pem);
    let known = TlsClientOptions {
        identity_pem: Some((cert.clone().into(), key.clone().into())),
        ..anonymous.clone()
    };
    gets_in(NatsBroker::new(broker.url()).tls(known)).await;
    is_turned_away(NatsBroker::new(broker.url()).tls(anonymous)).await;
}

#[tokio::test]
async fn options_that_cannot_work_are_named() {
    let broker = |options: TlsClientOptions| {
        NatsMicroserviceOptions::new(NatsBroker::new("tls://localhost").tls(options))
    };
    for (options, named) in [
        (
            TlsClientOptions {
                ca_pem: Some(b"no".to_vec()),
                ..Default::default()
            },
            "`ca_pem`",
        ),
        (
            TlsClientOptions {
                server_name: Some("x".to_owned()),
                ..Default::default()
            },
            "`tls.server_name`",
        ),
    ] {
        let (service, _happens) = Service::new(["a"]);
        let error = service.try_start(broker(options)).await.err().unwrap();
        assert!(matches!(error, StartError::Options { .. }), "{error:?}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

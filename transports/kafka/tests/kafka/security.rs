//! Brokers that want to know who is there, and clients that want to know it of
//! brokers.

use std::time::{Duration, Instant};

use nestrs_brokers::Broker;
use nestrs_core::{ErrorKind, StartError, Transport};
use nestrs_transport_kafka::{
    KafkaConnection, KafkaMicroserviceOptions, KafkaSasl, KafkaTransport, KafkaTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{SOON, Server, unique};

/// A service and its client meet at this broker.
async fn gets_in(connection: KafkaConnection) {
    let route = format!("{}.sum", unique("t"));
    let options = KafkaMicroserviceOptions::new(connection.clone());
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    let client = KafkaTransport::new(KafkaTransportOptions::new(connection));
    assert_eq!(client.send_json(&route, json!([1, 2])).await.unwrap(), 3);
    server.stop().await;
}

/// Both sides are told at once that they will never be let in.
async fn is_turned_away(connection: KafkaConnection, says: &[&str]) {
    let begun = Instant::now();
    is_told(connection, Duration::from_secs(60), says).await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

/// Neither side is let in, though it might be later.
async fn stays_outside(connection: KafkaConnection, says: &[&str]) {
    is_told(connection, Duration::from_secs(2), says).await;
}

async fn is_told(connection: KafkaConnection, connect_timeout: Duration, says: &[&str]) {
    let mut options = KafkaMicroserviceOptions::new(connection.clone());
    options.connect_timeout = connect_timeout;
    let (service, routes) = (unique("service"), [unique("t")]);
    let started = Server::try_of(&service, options, &routes, Value::Null);
    let error = started.await.err().expect("it is not let in");
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    let client = KafkaTransport::new(KafkaTransportOptions {
        connect_timeout,
        request_timeout: Duration::MAX,
        ..KafkaTransportOptions::new(connection)
    });
    let call_error = client.send_json("a", json!(1)).await.unwrap_err();
    assert_eq!(call_error.kind(), ErrorKind::Connect, "{call_error}");
    for says in says {
        assert!(error.to_string().contains(says), "{error}");
        assert!(call_error.message.contains(says), "{call_error}");
    }
}

#[tokio::test]
async fn passwords_are_told_where_they_are_asked_for() {
    let broker = Broker::kafka().user("ann", "p").start().await.unwrap();
    let connection = || KafkaConnection::new(broker.url());
    gets_in(connection().sasl(KafkaSasl::plain("ann", "p"))).await;
    let wrong = connection().sasl(KafkaSasl::plain("ann", "not p"));
    is_turned_away(wrong, &["`sasl`", "Authentication failed"]).await;
    stays_outside(connection(), &["`sasl`"]).await;
}

#[cfg(feature = "tls")]
mod tls {
    use nestrs_transport_kafka::{KafkaSaslMechanism, TlsClientOptions};

    use super::*;
    use crate::common::url;

    fn trusting(broker: &Broker) -> TlsClientOptions {
        TlsClientOptions {
            ca_pem: Some(broker.certificates().unwrap().ca_pem.clone().into()),
            ..TlsClientOptions::default()
        }
    }

    #[tokio::test]
    async fn only_a_broker_that_is_trusted_is_spoken_to() {
        let broker = Broker::kafka().tls().start().await.unwrap();
        let connection = || KafkaConnection::new(broker.url());
        gets_in(connection().tls(trusting(&broker))).await;
        let by_name = broker.url().replace("127.0.0.1", "localhost");
        gets_in(KafkaConnection::new(by_name).tls(trusting(&broker))).await;
        // It is not among those that this machine trusts.
        let anybody = connection().tls(TlsClientOptions::default());
        is_turned_away(anybody, &["`ca_pem`", "certificate"]).await;
        let other = broker.url().replace("127.0.0.1", "[::ffff:127.0.0.1]");
        let other = KafkaConnection::new(other).tls(trusting(&broker));
        stays_outside(other, &["certificate"]).await;
        stays_outside(connection(), &["`tls`"]).await;
        let plain = KafkaConnection::new(url().await);
        stays_outside(plain.tls(trusting(&broker)), &["`tls`"]).await;
    }

    #[tokio::test]
    async fn a_broker_may_ask_for_a_certificate() {
        let broker = Broker::kafka().mutual_tls().start().await.unwrap();
        let certificates = broker.certificates().unwrap();
        let (chain, key) = (&certificates.client_cert_pem, &certificates.client_key_pem);
        let known = TlsClientOptions {
            identity_pem: Some((chain.clone().into(), key.clone().into())),
            ..trusting(&broker)
        };
        gets_in(KafkaConnection::new(broker.url()).tls(known)).await;
        let anonymous = KafkaConnection::new(broker.url()).tls(trusting(&broker));
        stays_outside(anonymous, &["`identity_pem`"]).await;
    }

    #[tokio::test]
    async fn options_that_cannot_work_are_named() {
        let (ca_pem, server_name) = (Some(b"no".to_vec()), Some("x".to_owned()));
        let no_authority = TlsClientOptions {
            ca_pem,
            ..TlsClientOptions::default()
        };
        let other_name = TlsClientOptions {
            server_name,
            ..TlsClientOptions::default()
        };
        for (tls, named) in [(no_authority, "`ca_pem`"), (other_name, "`server_name`")] {
            let connection = KafkaConnection::default().tls(tls);
            let options = KafkaMicroserviceOptions::new(connection.clone());
            let started = Server::try_of("s", options, &[unique("t")], Value::Null).await;
            let error = started.err().expect("it cannot start");
            assert!(matches!(error, StartError::Options { .. }), "{error:?}");
            assert!(error.to_string().contains(named), "{error}");
            let client = KafkaTransport::new(KafkaTransportOptions::new(connection));
            let error = client.send_json("a", json!(1)).await.unwrap_err();
            assert!(error.message.contains(named), "{error}");
        }
    }

    #[tokio::test]
    async fn passwords_are_proved_inside_tls_and_outside() {
        for with_tls in [true, false] {
            let broker = Broker::kafka().user("ann", "p");
            let broker = if with_tls { broker.tls() } else { broker };
            let broker = broker.start().await.unwrap();
            let connection = |sasl| {
                let connection = KafkaConnection::new(broker.url()).sasl(sasl);
                match with_tls {
                    true => connection.tls(trusting(&broker)),
                    false => connection,
                }
            };
            for mechanism in [
                KafkaSaslMechanism::Plain,
                KafkaSaslMechanism::ScramSha256,
                KafkaSaslMechanism::ScramSha512,
            ] {
                gets_in(connection(KafkaSasl::plain("ann", "p").by(mechanism))).await;
                let wrong = KafkaSasl::plain("ann", "not p").by(mechanism);
                is_turned_away(connection(wrong), &["`sasl`"]).await;
            }
        }
    }
}

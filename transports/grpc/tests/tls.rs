//! The same inside TLS.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::Server;
use nestrs_core::{ErrorKind, Shutdown, StartError, Transport, TransportServer};
use nestrs_transport_grpc::{
    GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions, TlsClientOptions,
    TlsServerOptions,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;

fn certificate(name: &str) -> (Vec<u8>, Vec<u8>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([name.to_owned()]).unwrap();
    (
        cert.pem().into_bytes(),
        signing_key.serialize_pem().into_bytes(),
    )
}

async fn server(tls: TlsServerOptions) -> Server {
    Server::with(GrpcMicroserviceOptions {
        tls: Some(tls),
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await
}

fn client(server: &Server, scheme: &str, tls: Option<TlsClientOptions>) -> GrpcTransport {
    GrpcTransport::new(GrpcTransportOptions {
        tls,
        connect_timeout: Duration::from_millis(500),
        ..GrpcTransportOptions::new(format!("{scheme}localhost:{}", server.addr.port()))
    })
}

#[tokio::test]
async fn calls_go_through_when_the_certificate_is_trusted() {
    let (cert_pem, key_pem) = certificate("localhost");
    let trusted = TlsClientOptions {
        ca_pem: Some(cert_pem.clone()),
        ..Default::default()
    };
    let server = server(TlsServerOptions {
        cert_pem,
        key_pem,
        client_ca_pem: None,
    })
    .await;
    for scheme in ["", "https://"] {
        let client = client(&server, scheme, Some(trusted.clone()));
        assert_eq!(client.send_json("echo", json!("é")).await, Ok(json!("é")));
    }
    let wrong_name = TlsClientOptions {
        server_name: Some("other".to_owned()),
        ..trusted
    };
    // Whom it does not trust, by a name that is not the server's, and without TLS.
    for client in [
        client(&server, "https://", None),
        client(&server, "", Some(wrong_name)),
    ] {
        let error = client.send_json("echo", json!(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.message.contains("certificate"), "{error}");
    }
    assert!(
        client(&server, "http://", None)
            .send_json("echo", json!(1))
            .await
            .is_err()
    );
}

#[tokio::test]
async fn clients_may_have_to_show_a_certificate() {
    let (cert_pem, key_pem) = certificate("localhost");
    let (client_cert, client_key) = certificate("client");
    let trusted = TlsClientOptions {
        ca_pem: Some(cert_pem.clone()),
        ..Default::default()
    };
    let client_ca_pem = Some(client_cert.clone());
    let server = server(TlsServerOptions {
        cert_pem,
        key_pem,
        client_ca_pem,
    })
    .await;
    let known = TlsClientOptions {
        identity_pem: Some((client_cert, client_key)),
        ..trusted.clone()
    };
    assert_eq!(
        client(&server, "", Some(known))
            .send_json("echo", json!(1))
            .await,
        Ok(json!(1))
    );
    assert!(
        client(&server, "", Some(trusted))
            .send_json("echo", json!(1))
            .await
            .is_err()
    );
    server.stop().await;
}

#[tokio::test]
async fn options_that_cannot_work_are_named() {
    let options = GrpcMicroserviceOptions {
        tls: Some(TlsServerOptions::default()),
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    };
    let dispatch = std::sync::Arc::new(common::Handlers::default());
    let Err(StartError::Options { message }) =
        Box::new(options).start(dispatch, Shutdown::new()).await
    else {
        panic!("it started")
    };
    assert!(message.contains("`cert_pem`"), "{message}");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = GrpcTransport::new(GrpcTransportOptions {
        tls: Some(TlsClientOptions {
            ca_pem: Some(b"no PEM".to_vec()),
            ..Default::default()
        }),
        connect_timeout: Duration::MAX,
        ..GrpcTransportOptions::new(listener.local_addr().unwrap())
    });
    let error = client.connect().await.unwrap_err();
    assert!(
        error.message.contains("`ca_pem` holds no certificate"),
        "{error}"
    );
}

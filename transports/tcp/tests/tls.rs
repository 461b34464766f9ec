//! The same wire inside TLS.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used)]

mod common;

use common::Server;
use nestrs_core::{ErrorKind, Shutdown, Transport, TransportServer};
use nestrs_transport_tcp::{
    TcpMicroserviceOptions, TcpTransport, TcpTransportOptions, TlsClientOptions, TlsServerOptions,
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
    Server::with(TcpMicroserviceOptions {
        tls: Some(tls),
        ..TcpMicroserviceOptions::new("127.0.0.1:0")
    })
    .await
}

fn client(server: &Server, tls: TlsClientOptions) -> TcpTransport {
    TcpTransport::new(TcpTransportOptions {
        tls: Some(tls),
        connect_timeout: std::time::Duration::from_millis(500),
        ..TcpTransportOptions::new(format!("localhost:{}", server.addr.port()))
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
    let reply = client(&server, trusted.clone())
        .send_json("echo", json!("😀é"))
        .await;
    assert_eq!(reply, Ok(json!("😀é")));

    let wrong_name = TlsClientOptions {
        server_name: Some("other".to_owned()),
        ..trusted
    };
    for tls in [TlsClientOptions::default(), wrong_name] {
        let error = client(&server, tls)
            .send_json("echo", json!(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect);
        assert!(error.message.contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn a_server_can_ask_for_a_certificate() {
    let (cert_pem, key_pem) = certificate("localhost");
    let (client_pem, client_key) = certificate("client");
    let server = server(TlsServerOptions {
        cert_pem: cert_pem.clone(),
        key_pem,
        client_ca_pem: Some(client_pem.clone()),
    })
    .await;
    let known = TlsClientOptions {
        ca_pem: Some(cert_pem),
        identity_pem: Some((client_pem, client_key)),
        ..Default::default()
    };
    let reply = client(&server, known.clone())
        .send_json("echo", json!(1))
        .await;
    assert_eq!(reply, Ok(json!(1)));
    let unknown = TlsClientOptions {
        identity_pem: None,
        ..known
    };
    client(&server, unknown)
        .send_json("echo", json!(1))
        .await
        .unwrap_err();
}

#[tokio::test]
async fn options_that_cannot_work_are_named_at_the_start() {
    let options = TcpMicroserviceOptions {
        tls: Some(TlsServerOptions {
            cert_pem: b"no pem".to_vec(),
            ..Default::default()
        }),
        ..TcpMicroserviceOptions::new("127.0.0.1:0")
    };
    let handlers = std::sync::Arc::new(common::Handlers::default());
    let error = Box::new(options)
        .start(handlers, Shutdown::new())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the `tls` options of the server do not work: `cert_pem` holds no certificate"
    );
}

#[tokio::test]
async fn a_handshake_that_does_not_come_holds_no_stop_up() {
    let (cert_pem, key_pem) = certificate("localhost");
    let server = server(TlsServerOptions {
        cert_pem,
        key_pem,
        client_ca_pem: None,
    })
    .await;
    let _silent = server.socket().await;
    // Accepted in order: once this call is answered, the silent peer is in.
    client(&server, TlsClientOptions::default())
        .send_json("echo", json!(1))
        .await
        .unwrap_err();
    server.shutdown.stop();
    let done = tokio::time::timeout(std::time::Duration::from_secs(3), server.done);
    done.await.expect("nobody is waited for").unwrap();
}

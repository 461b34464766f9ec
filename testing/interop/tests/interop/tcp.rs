//! NestJS and nestrs with each other over TCP, both ways, both versions.

use std::sync::Arc;

use nestrs::RunningApplication;
use nestrs::microservices::{
    TcpMicroserviceOptions, TcpTransport, TcpTransportOptions, TlsClientOptions, TlsServerOptions,
};
use nestrs::prelude::*;
use nestrs_interop::{
    Case, Command, Direction, Error, Expect, Nest, NestClient, NestServer, cases, play,
};
use serde_json::json;

use crate::contract::ContractModule;
use crate::nestrs_peer::NestrsClient;

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V11).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    nest_to_nestrs(Nest::V12).await
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    nestrs_to_nest(Nest::V11).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    nestrs_to_nest(Nest::V12).await
}

#[tokio::test]
async fn nestrs_client_to_nestrs() -> Result<(), Error> {
    let app = server().await;
    let port = app.local_addr().expect("TCP is bound").port();
    play(
        &Direction::new("tcp", "nestrs", "nestrs"),
        &client(port),
        &all_cases(),
    )
    .await?;
    app.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn nest_client_to_nestrs_inside_tls() -> Result<(), Error> {
    let (cert_pem, key_pem) = certificate();
    let ca = cert_pem.clone();
    let tls = TlsServerOptions {
        cert_pem: cert_pem.into(),
        key_pem: key_pem.into(),
        client_ca_pem: None,
    };
    let options = TcpMicroserviceOptions {
        tls: Some(tls),
        ..TcpMicroserviceOptions::new("127.0.0.1:0")
    };
    let app = NestFactory::create_microservice::<ContractModule>(options);
    let app = app.start().await.expect("the contract can be served");
    let port = app.local_addr().expect("TCP is bound").port();

    let options = json!({ "host": "localhost", "port": port, "tlsOptions": { "ca": ca } });
    let client = NestClient::start(Nest::V12, "tcp", &options).await?;
    play(
        &Direction::new("tcp+tls", Nest::V12, "nestrs"),
        &client,
        &all_cases(),
    )
    .await?;
    client.stop().await
}

#[tokio::test]
async fn nestrs_client_to_nest_inside_tls() -> Result<(), Error> {
    let (cert, key) = certificate();
    let tls = json!({ "cert": cert, "key": key });
    let options = json!({ "host": "127.0.0.1", "port": 0, "tlsOptions": tls });
    let server = NestServer::start(Nest::V12, "tcp", &options).await?;
    let port = server.port().expect("TCP has a port");

    let tls = TlsClientOptions {
        ca_pem: Some(cert.into()),
        ..TlsClientOptions::default()
    };
    let addr = format!("localhost:{port}");
    let options = TcpTransportOptions {
        tls: Some(tls),
        ..TcpTransportOptions::new(addr)
    };
    let client = NestrsClient(ClientProxy::new(Arc::new(TcpTransport::new(options))));
    play(
        &Direction::new("tcp+tls", "nestrs", Nest::V12),
        &client,
        &all_cases(),
    )
    .await?;
    server.stop().await
}

/// A certificate for `localhost` and its key, as PEM.
fn certificate() -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let certified = certified.expect("the name is one");
    (certified.cert.pem(), certified.signing_key.serialize_pem())
}

async fn nest_to_nestrs(version: Nest) -> Result<(), Error> {
    let app = server().await;
    let port = app.local_addr().expect("TCP is bound").port();
    let options = json!({ "host": "127.0.0.1", "port": port });
    let client = NestClient::start(version, "tcp", &options).await?;
    play(
        &Direction::new("tcp", version, "nestrs"),
        &client,
        &all_cases(),
    )
    .await?;
    client.stop().await?;
    app.shutdown().await;
    Ok(())
}

async fn nestrs_to_nest(version: Nest) -> Result<(), Error> {
    let options = json!({ "host": "127.0.0.1", "port": 0 });
    let server = NestServer::start(version, "tcp", &options).await?;
    let direction = Direction::new("tcp", "nestrs", version);
    play(
        &direction,
        &client(server.port().expect("TCP has a port")),
        &all_cases(),
    )
    .await?;
    server.stop().await
}

async fn server() -> RunningApplication {
    let options = TcpMicroserviceOptions::new("127.0.0.1:0");
    let app = NestFactory::create_microservice::<ContractModule>(options);
    app.start().await.expect("the contract can be served")
}

fn client(port: u16) -> NestrsClient {
    let options = TcpTransportOptions::new(format!("127.0.0.1:{port}"));
    NestrsClient(ClientProxy::new(Arc::new(TcpTransport::new(options))))
}

fn all_cases() -> Vec<Case> {
    let mut all = cases();
    let late = json!({ "status": "error", "message": "late" });
    let command = Command::send("stream.fail", json!({}));
    all.push(Case::new("stream.fail").step(command, Expect::Error(vec![json!(0)], late)));
    all
}

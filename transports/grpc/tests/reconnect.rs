//! A client whose server comes and goes.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Server, until};
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, Transport};
use nestrs_transport_grpc::{
    GrpcChannel, GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions,
};
use serde_json::json;

#[tokio::test]
async fn calls_fail_with_their_connection_and_the_next_makes_another() {
    let server = Server::start().await;
    let addr = server.addr;
    let client = server.client();
    let mut status = client.status();
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    client.connect().await.unwrap();
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(0)).await }
    });
    until(&server.handlers.started, 1).await;
    server.shutdown.abort();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed, "{error}");
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    server.done.await.unwrap();

    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("echo", json!(1)).await }
    });
    assert_eq!(status.next().await, Some(ClientStatus::Reconnecting));
    let _server = Server::with(GrpcMicroserviceOptions::new(addr)).await;
    assert_eq!(calling.await.unwrap(), Ok(json!(1)));
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
}

#[tokio::test]
async fn a_closed_client_connects_again_and_its_driver_is_its_channel() {
    let server = Server::start().await;
    let client = server.client();
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(0)).await }
    });
    until(&server.handlers.started, 1).await;
    client.close().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed, "{error}");
    until(&server.handlers.over, 1).await;
    assert_eq!(
        client.status().next().await,
        Some(ClientStatus::Disconnected)
    );
    assert_eq!(client.send_json("echo", json!(1)).await, Ok(json!(1)));
    let driver = client.driver().unwrap();
    let channel = driver.downcast_ref::<GrpcChannel>().unwrap();
    assert_eq!(channel.status().next().await, Some(ClientStatus::Connected));
}

#[tokio::test]
async fn who_is_not_there_is_named_and_what_is_no_address_fails_at_once() {
    let nobody = |addr: &str| {
        GrpcTransport::new(GrpcTransportOptions {
            connect_timeout: Duration::from_millis(100),
            ..GrpcTransportOptions::new(addr)
        })
    };
    let error = nobody("127.0.0.1:1")
        .send_json("echo", json!(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        error.message.contains("127.0.0.1:1 within 100ms"),
        "{error}"
    );
    let error = nobody("nats://h:1").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message.contains("`host:port`"), "{error}");
}

#[tokio::test]
async fn calls_that_were_not_sent_yet_wait_for_their_own_time_only() {
    let client = GrpcTransport::new(GrpcTransportOptions::new("127.0.0.1:1"));
    let hurried = Outgoing::new("echo", "1").timeout(Duration::from_millis(50));
    let error = client.send(hurried).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

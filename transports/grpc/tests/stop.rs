//! What a server does with what it has in hand when it stops.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Server, until};
use futures_util::StreamExt;
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_grpc::{GrpcTransport, GrpcTransportOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[tokio::test]
async fn what_is_in_hand_is_finished_and_nothing_new_begun() {
    let server = Server::start().await;
    let client = server.client();
    let gated = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    let mut stream = client
        .send_stream(Outgoing::new("megabytes", "20"))
        .await
        .unwrap();
    client.emit_json("gated", json!(2)).await.unwrap();
    until(&server.handlers.started, 3).await;
    server.shutdown.stop();

    // Those who come now are turned away, or do not even get through.
    let late = GrpcTransport::new(GrpcTransportOptions {
        connect_timeout: Duration::from_millis(200),
        ..GrpcTransportOptions::new(server.addr)
    });
    assert_eq!(
        late.send_json("echo", json!(1)).await.unwrap_err().kind(),
        ErrorKind::Connect
    );
    assert_eq!(server.handlers.started.available_permits(), 0);

    for _ in 0..20 {
        assert!(stream.next().await.unwrap().is_ok());
    }
    assert!(stream.next().await.is_none());
    assert!(!server.done.is_finished());
    server.handlers.gate.add_permits(2);
    assert_eq!(gated.await.unwrap(), Ok(json!(1)));
    server.done.await.unwrap();
    until(&server.handlers.over, 2).await;
}

#[tokio::test]
async fn an_abort_drops_what_does_not_end() {
    let server = Server::start().await;
    let client = server.client();
    let mut stream = client
        .send_stream(Outgoing::new("endless", "0"))
        .await
        .unwrap();
    client.emit_json("gated", json!(0)).await.unwrap();
    until(&server.handlers.started, 2).await;
    server.shutdown.abort();
    server.done.await.unwrap();
    until(&server.handlers.over, 2).await;
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed, "{error}");
}

#[tokio::test]
async fn who_watches_the_health_hears_of_the_stop_and_does_not_hold_it_up() {
    let server = Server::start().await;
    let mut health = HealthClient::new(server.channel());
    for service in ["", "nestrs.v1.Patterns"] {
        let service = service.to_owned();
        let checked = health.check(HealthCheckRequest { service }).await.unwrap();
        assert_eq!(checked.into_inner().status(), ServingStatus::Serving);
    }
    let nobody = HealthCheckRequest {
        service: "nobody".to_owned(),
    };
    assert_eq!(
        health.check(nobody).await.unwrap_err().code(),
        tonic::Code::NotFound
    );

    let watched = HealthCheckRequest {
        service: String::new(),
    };
    let mut watch = health.watch(watched).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    server.stop().await;
    // `NOT_SERVING` first, if that was quicker than the end.
    let mut last = watch.message().await;
    if let Ok(Some(status)) = &last {
        assert_eq!(status.status(), ServingStatus::NotServing);
        last = watch.message().await;
    }
    assert_eq!(last.unwrap_err().code(), tonic::Code::Unavailable);
}

/// A peer that says nothing, though it was told to close.
#[tokio::test]
async fn a_client_that_is_stuck_does_not_hold_up_a_stop() {
    let server = Server::start().await;
    let mut stuck = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    // The preface of HTTP/2, and settings.
    let hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    stuck.write_all(hello).await.unwrap();
    stuck.read_exact(&mut [0; 9]).await.unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(8), server.stop());
    stopped.await.unwrap();
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_a_stop() {
    let server = Server::start().await;
    let client = server.client();
    client.send_json("echo", json!(1)).await.unwrap();
    let silent = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    server.stop().await;
    drop(silent);
    assert!(
        client
            .send(Outgoing::new("echo", "1").timeout(Duration::from_millis(100)))
            .await
            .is_err()
    );
}

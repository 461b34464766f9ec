//! Sizes, packing, and how much is in hand.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Server, call, until};
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_grpc::{
    GrpcLimits, GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions,
};
use serde_json::json;
use tokio::task::JoinSet;
use tonic::codec::CompressionEncoding::Gzip;

#[tokio::test]
async fn what_is_too_large_is_an_error_on_whichever_side() {
    let small = GrpcLimits {
        max_receive_message_size: 10_000,
        ..GrpcLimits::default()
    };
    let strict = Server::with(GrpcMicroserviceOptions {
        limits: small.clone(),
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    let large = json!("x".repeat(20_000));
    let error = strict
        .client()
        .send_json("echo", large.clone())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");

    let server = Server::start().await;
    for limits in [
        small,
        GrpcLimits {
            max_send_message_size: 10_000,
            ..GrpcLimits::default()
        },
    ] {
        let client = GrpcTransport::new(GrpcTransportOptions {
            limits,
            ..GrpcTransportOptions::new(server.addr)
        });
        let error = client.send_json("echo", large.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
        assert_eq!(client.send_json("echo", json!(1)).await, Ok(json!(1)));
    }
}

#[tokio::test]
async fn packed_messages_arrive_and_are_limited_by_what_they_unpack_to() {
    let server = Server::with(GrpcMicroserviceOptions {
        compression: true,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    let client = GrpcTransport::new(GrpcTransportOptions {
        compression: true,
        ..GrpcTransportOptions::new(server.addr)
    });
    let payload = json!("x".repeat(1 << 20));
    assert_eq!(client.send_json("echo", payload.clone()).await, Ok(payload));
    let mut foreign = server.foreign().accept_compressed(Gzip);
    let reply = foreign.send(call("echo", "1")).await.unwrap();
    assert_eq!(reply.metadata().get("grpc-encoding").unwrap(), "gzip");

    let bomb = json!("x".repeat(5 << 20));
    let error = client.send_json("echo", bomb).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
}

#[tokio::test]
async fn a_call_waits_for_its_turn_and_is_given_up_at_its_deadline() {
    let server = Server::with(GrpcMicroserviceOptions {
        max_in_flight: 2,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    // More than one connection takes: the limit is the server's.
    let (one, other) = (server.client(), server.client());
    let mut calls = JoinSet::new();
    for number in 0..6 {
        let client = if number % 2 == 0 {
            one.clone()
        } else {
            other.clone()
        };
        calls.spawn(async move { client.send_json("gated", json!(number)).await.unwrap() });
    }
    until(&server.handlers.started, 2).await;
    let late = Outgoing::new("echo", "0").timeout(Duration::from_millis(50));
    let error = one.send(late).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(server.handlers.started.available_permits(), 0);
    server.handlers.gate.add_permits(6);
    assert_eq!(calls.join_all().await.len(), 6);
}

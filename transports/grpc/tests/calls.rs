//! Calls by pattern: what comes back, and what travels beside them.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Server, call, until};
use futures_util::{StreamExt, TryStreamExt};
use nestrs_core::{ErrorKind, Outgoing, Transport, TransportError};
use serde_json::{Value, json};
use tonic::Code;

fn of(item: Option<bytes::Bytes>) -> Value {
    serde_json::from_slice(&item.unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_has_one_reply() {
    let server = Server::start().await;
    let client = server.client();
    let sum = client.send_json(r#"{"cmd":"sum"}"#, json!([1, 2, 3])).await;
    assert_eq!(sum, Ok(json!(6)));
    for payload in [json!(null), json!("😀é"), json!({ "a": [1.5, u64::MAX] })] {
        assert_eq!(client.send_json("echo", payload.clone()).await, Ok(payload));
    }
    // Of several the first; none is no hang.
    assert_eq!(client.send_json("stream", json!(0)).await, Ok(json!(1)));
    for silent in ["nothing", "empty"] {
        assert_eq!(client.send(Outgoing::new(silent, "0")).await, Ok(None));
    }
}

#[tokio::test]
async fn a_stream_has_any_number_of_replies() {
    let server = Server::start().await;
    let client = server.client();
    for (pattern, items) in [
        ("stream", &["1", "2", "3"][..]),
        ("echo", &["7"]),
        ("nothing", &[]),
        ("empty", &[]),
    ] {
        let replies = client
            .send_stream(Outgoing::new(pattern, "7"))
            .await
            .unwrap();
        assert_eq!(
            replies.try_collect::<Vec<_>>().await.unwrap(),
            items,
            "{pattern}"
        );
    }
}

#[tokio::test]
async fn an_error_arrives_whole_before_and_after_items() {
    let server = Server::start().await;
    let client = server.client();
    let boom = client.send_json("fail", json!(0)).await.unwrap_err();
    assert_eq!(boom, TransportError::new("boom"));
    let not_found = client.send_json("notFound", json!(0)).await.unwrap_err();
    assert_eq!(
        not_found.to_wire(),
        json!({ "code": 5, "message": "no such order", "id": 7 })
    );
    let unknown = client.send_json("nobody", json!(0)).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NoHandler);

    for (pattern, items, message) in [
        ("fail", 0, "boom"),
        ("failFirst", 0, "early"),
        ("failLate", 1, "late"),
    ] {
        let replies = client
            .send_stream(Outgoing::new(pattern, "0"))
            .await
            .unwrap();
        let replies: Vec<_> = replies.collect().await;
        assert_eq!(replies.len(), items + 1, "{pattern}");
        assert_eq!(replies[items].as_ref().unwrap_err().message, message);
    }
}

/// As a client in any language has it.
#[tokio::test]
async fn others_are_answered_with_a_status() {
    let server = Server::start().await;
    let mut client = server.foreign();
    let status = client.send(call("notFound", "0")).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::NotFound, "no such order")
    );
    let status = client.send(call("fail", "0")).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unknown, "boom"));
    assert_eq!(
        client.send(call("nobody", "0")).await.unwrap_err().code(),
        Code::Unimplemented
    );
    let reply = client.send(call("nothing", "")).await.unwrap().into_inner();
    assert_eq!(reply.payload, None);
    let reply = client.send(call("echo", "")).await.unwrap().into_inner();
    assert_eq!(reply.payload.unwrap(), "null");

    let mut replies = client
        .send_stream(call("failLate", "0"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        replies.message().await.unwrap().unwrap().payload.unwrap(),
        "1"
    );
    assert_eq!(
        replies.message().await.unwrap_err().code(),
        Code::InvalidArgument
    );
    assert!(replies.message().await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_is_in_hand_when_its_sender_goes_on() {
    let server = Server::start().await;
    let client = server.client();
    client.emit_json("gated", json!(1)).await.unwrap();
    until(&server.handlers.started, 1).await;
    // Nobody waits for it: neither its deadline nor its caller's end is its own.
    let late = Outgoing::new("gated", "2").timeout(Duration::from_secs(1));
    client.emit(late).await.unwrap();
    client.close().await;
    client.emit_json("nobody", json!(3)).await.unwrap();
    server.handlers.gate.add_permits(2);
    until(&server.handlers.over, 3).await;
    server.stop().await;
}

#[tokio::test]
async fn headers_are_metadata_and_the_deadline_is_told() {
    let server = Server::start().await;
    let client = server.client();
    let message = Outgoing::new("context", "0")
        .header("tenant", "acme")
        .header("X-Name", "Zoë")
        .timeout(Duration::from_secs(20));
    let shown = of(client.send(message).await.unwrap());
    assert_eq!(
        shown["headers"],
        json!({ "X-Name": "Zoë", "tenant": "acme" })
    );
    assert_eq!(shown["transport"], "grpc");
    assert_eq!(shown["local"], true);
    assert_eq!(shown["method"], "/nestrs.v1.Patterns/Send");
    let left = shown["left"].as_f64().unwrap();
    assert!((10.0..=20.0).contains(&left), "{left}");

    let for_ever = Outgoing::new("context", "0").timeout(Duration::MAX);
    assert_eq!(
        of(client.send(for_ever).await.unwrap())["left"],
        Value::Null
    );

    let mut request = call("context", "0");
    request
        .metadata_mut()
        .insert("tenant", "acme".parse().unwrap());
    request.metadata_mut().insert_bin(
        "trace-bin",
        tonic::metadata::MetadataValue::from_bytes(&[0, 255]),
    );
    let reply = server.foreign().send(request).await.unwrap().into_inner();
    let shown = of(reply.payload);
    assert_eq!(shown["headers"], json!({ "tenant": "acme" }));
    assert_eq!(shown["binary"], json!([0, 255]));
}

#[tokio::test]
async fn a_handler_is_dropped_at_the_deadline() {
    let server = Server::start().await;
    let client = server.client();
    let late = Outgoing::new("gated", "0").timeout(Duration::from_millis(50));
    let error = client.send(late).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    until(&server.handlers.over, 1).await;

    // Of others who are told nothing by a clock of their own, and in a stream.
    let mut request = call("gated", "0");
    request
        .metadata_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    let status = server.foreign().send(request).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::DeadlineExceeded, "Deadline exceeded")
    );
    let mut request = call("endless", "0");
    request
        .metadata_mut()
        .insert("grpc-timeout", "50m".parse().unwrap());
    let mut replies = server
        .foreign()
        .send_stream(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        replies.message().await.unwrap_err().code(),
        Code::DeadlineExceeded
    );
    until(&server.handlers.over, 2).await;
}

#[tokio::test]
async fn a_handler_is_dropped_with_its_call() {
    let server = Server::start().await;
    let client = server.client();
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(0)).await }
    });
    until(&server.handlers.started, 1).await;
    calling.abort();
    until(&server.handlers.over, 1).await;

    // A stream is on its way before anybody reads it.
    let replies = client
        .send_stream(Outgoing::new("endless", "0"))
        .await
        .unwrap();
    until(&server.handlers.started, 1).await;
    drop(replies);
    until(&server.handlers.over, 1).await;
    // The connection is as it was.
    assert_eq!(client.send_json("echo", json!(1)).await, Ok(json!(1)));
}

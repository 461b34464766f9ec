//! Client and server together: many calls on one connection, connections that
//! break, servers that stop.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::Server;
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, Transport};
use nestrs_transport_tcp::{
    TcpConnection, TcpMicroserviceOptions, TcpTransport, TcpTransportOptions,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_calls_in_hand_together() {
    let server = Server::start().await;
    let client = server.client();
    let calls: Vec<_> = (0..2_000)
        .map(|i| {
            let client = client.clone();
            tokio::spawn(async move { client.send_json("gated", json!(i)).await == Ok(json!(i)) })
        })
        .collect();
    server.until_started(2_000).await;
    server.gate.add_permits(2_000);
    for call in calls {
        assert!(call.await.unwrap());
    }
}

#[tokio::test]
async fn a_fast_call_does_not_wait_for_a_slow_one() {
    let server = Server::start().await;
    let client = server.client();
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("slow", json!(500)).await }
    });
    server.until_started(1).await;
    let start = Instant::now();
    client.send_json("echo", json!(1)).await.unwrap();
    assert!(
        start.elapsed() < Duration::from_millis(100),
        "{:?}",
        start.elapsed()
    );
    assert!(!slow.is_finished());
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let client = TcpTransport::new(TcpTransportOptions {
        connect_timeout: Duration::from_millis(100),
        ..TcpTransportOptions::new(addr)
    });
    for error in [
        client.send_json("echo", json!(1)).await.unwrap_err(),
        client.emit_json("echo", json!(1)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Connect);
        let expected = format!("cannot connect to {addr} within 100ms: ");
        assert!(error.message.starts_with(&expected), "{error}");
        assert!(error.message.contains("refused"), "{error}");
    }
}

#[test]
fn a_client_needs_no_runtime_and_outlives_one() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let serving = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let server = serving.block_on(Server::start());
    let client = server.client();
    for i in 0..3 {
        let reply = runtime().block_on(client.send_json("echo", json!(i)));
        assert_eq!(reply, Ok(json!(i)));
    }
}

#[tokio::test]
async fn an_abort_ends_a_server_whose_handlers_do_not() {
    let server = Server::start().await;
    let client = server.client();
    let call = tokio::spawn(async move { client.send_json("gated", json!(1)).await });
    server.until_started(1).await;
    server.shutdown.abort();
    server.done.await.unwrap();
    assert_eq!(
        call.await.unwrap().unwrap_err().kind(),
        ErrorKind::ConnectionClosed
    );
    assert_eq!(server.finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_closed_client_ends_its_calls_and_connects_again_when_used() {
    let server = Server::start().await;
    let client = server.client();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    server.until_started(1).await;
    client.close().await;
    assert_eq!(
        call.await.unwrap().unwrap_err().kind(),
        ErrorKind::ConnectionClosed
    );
    assert_eq!(client.send_json("echo", json!(2)).await, Ok(json!(2)));
}

#[tokio::test]
async fn headers_and_deadline_arrive_with_the_message() {
    let server = Server::start().await;
    let message = Outgoing::new("context", "null")
        .timeout(Duration::from_secs(7))
        .header("tenant", "acmé");
    let seen = server.client().send(message).await.unwrap().unwrap();
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    let left = seen["left"].as_f64().unwrap();
    assert!((6.0..=7.0).contains(&left), "{left}");
    assert_eq!(seen["headers"], json!({ "tenant": "acmé" }));
    assert_eq!(seen["transport"], "tcp");
    assert_eq!(seen["local"], true);
}

#[tokio::test]
async fn a_call_waits_as_long_as_it_is_told() {
    let server = Server::start().await;
    let message = Outgoing::new("gated", "null").timeout(Duration::from_millis(30));
    let error = server.client().send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message.ends_with("within 30ms"), "{error}");
}

#[tokio::test]
async fn the_status_follows_the_connection() {
    let server = Server::start().await;
    let client = server.client();
    let mut status = client.status();
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    assert!(client.driver().is_none());

    client.connect().await.unwrap();
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
    let driver = client.driver().unwrap();
    let connection = driver.downcast_ref::<TcpConnection>().unwrap();
    assert_eq!(connection.peer, server.addr);

    server.shutdown.stop();
    server.done.await.unwrap();
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));

    let again = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("echo", json!(1)).await }
    });
    assert_eq!(status.next().await, Some(ClientStatus::Reconnecting));
    let _server = Server::with(TcpMicroserviceOptions::new(server.addr)).await;
    again.await.unwrap().unwrap();
    assert_eq!(status.next().await, Some(ClientStatus::Connected));

    client.close().await;
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    drop(client);
    assert_eq!(status.next().await, None);
}

#[tokio::test]
async fn connecting_in_advance_says_what_is_wrong() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let client = TcpTransport::new(TcpTransportOptions {
        connect_timeout: Duration::from_millis(50),
        ..TcpTransportOptions::new(addr)
    });
    assert_eq!(
        client.connect().await.unwrap_err().kind(),
        ErrorKind::Connect
    );
}

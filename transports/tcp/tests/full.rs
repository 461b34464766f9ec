//! A server that has as much in hand as it may: what waits, and who is heard.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Server, frame};
use nestrs_core::Transport;
use nestrs_transport_tcp::{TcpMicroserviceOptions, TcpTransport, TcpTransportOptions};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::runtime::Handle;

async fn server(max_in_flight: usize) -> Server {
    Server::with(TcpMicroserviceOptions {
        max_in_flight,
        ..TcpMicroserviceOptions::new("127.0.0.1:0")
    })
    .await
}

#[tokio::test]
async fn who_calls_off_what_is_in_hand_is_heard() {
    let server = server(1).await;
    // Nothing is over but what is called off.
    let client = TcpTransport::new(TcpTransportOptions {
        request_timeout: Duration::MAX,
        ..TcpTransportOptions::new(server.addr)
    });
    client.send_json("echo", json!(0)).await.unwrap();
    let in_hand = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    server.until_started(2).await;
    let mut waiting = Box::pin(client.send_json("echo", json!(2)));
    assert!(futures_now(&mut waiting).await.is_none());
    in_hand.abort();
    server.until_one_is_over().await;
    assert_eq!(waiting.await, Ok(json!(2)));
}

#[tokio::test]
async fn what_is_called_off_while_it_waits_does_not_start() {
    let server = server(1).await;
    let mut socket = server.socket().await;
    for packet in [
        r#"{"pattern":"gated","data":1,"metadata":{"nestrs-peer":"0"},"id":"1"}"#,
        r#"{"pattern":"gated","data":2,"id":"2"}"#,
        r#"{"pattern":"gated","data":3,"id":"3"}"#,
        r#"{"metadata":{"nestrs-cancel":"3"}}"#,
        r#"{"metadata":{"nestrs-cancel":"2"}}"#,
        r#"{"pattern":"echo","data":4,"id":"4"}"#,
        r#"{"metadata":{"nestrs-cancel":"1"}}"#,
    ] {
        socket.send(frame(packet)).await;
    }
    socket
        .expect(r#"38#{"isDisposed":true,"id":"nestrs-peer"}"#)
        .await;
    socket
        .expect(r#"41#{"response":4,"isDisposed":true,"id":"4"}"#)
        .await;
    assert_eq!(server.started.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_flood_of_slow_events_has_no_more_tasks_than_the_server_allows() {
    const EVENTS: usize = 20_000;
    const LIMIT: usize = 50;
    let server = server(LIMIT).await;
    let mut socket = server.socket().await;
    // What serves the connection is there.
    socket.expect_alive().await;
    let started = || server.started.load(Ordering::SeqCst) - 1;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();

    let event = format!(r#"{{"pattern":"gated","data":"{}"}}"#, "x".repeat(2_000));
    let flood = frame(&event).repeat(EVENTS);
    let sender = tokio::spawn(async move { socket.0.write_all(&flood).await.map(|()| socket) });
    server.until_started(1 + LIMIT).await;
    // Everything that can run has run.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(started(), LIMIT);
    assert_eq!(tasks() - before, LIMIT + 1, "and the sender");
    assert!(!sender.is_finished(), "40 MB lie about");

    let mut most = 0;
    while started() < EVENTS {
        let now = started();
        server.gate.add_permits(LIMIT);
        while started() < (now + LIMIT).min(EVENTS) {
            most = most.max(tasks() - before);
            tokio::task::yield_now().await;
        }
    }
    assert!(most <= LIMIT + 1, "{most} tasks");
    server.gate.add_permits(LIMIT);
    let mut socket = sender.await.unwrap().unwrap();
    socket.expect_alive().await;
}

/// What a future gives at once.
async fn futures_now<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = std::future::ready(()) => None,
    }
}

//! Peers that misbehave, by accident or not: each costs what the limits say
//! and nobody else anything.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Server, frame};
use nestrs_core::{Shutdown, StartError, TransportServer};
use nestrs_transport_tcp::{TcpLimits, TcpMicroserviceOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_peer_silent_in_the_middle_of_a_packet_is_dropped() {
    let incomplete_message_timeout = Duration::from_millis(50);
    let server = Server::with_limits(TcpLimits {
        incomplete_message_timeout,
        ..TcpLimits::default()
    })
    .await;
    let mut idle = server.socket().await;
    for start in ["10#{", "1", "10#"] {
        let mut socket = server.socket().await;
        socket.send(start).await;
        socket.expect_closed_after("").await;
    }
    // Silence between packets is nobody's fault.
    idle.expect_alive().await;
}

#[tokio::test]
async fn packets_at_the_limit_pass_and_over_it_end_the_connection() {
    let server = Server::with_limits(TcpLimits {
        max_buffer_size: 100,
        ..TcpLimits::default()
    })
    .await;
    let text = |length: usize| {
        let around = r#"{"pattern":"undefined","id":"a","data":""}"#.len();
        format!(
            r#"{{"pattern":"undefined","id":"a","data":"{}"}}"#,
            "x".repeat(length - around)
        )
    };
    let mut socket = server.socket().await;
    socket.send(frame(&text(100))).await;
    socket.expect(r#"28#{"isDisposed":true,"id":"a"}"#).await;
    socket.send(frame(&text(101))).await;
    socket.expect_closed_after("").await;
}

#[tokio::test]
async fn a_peer_that_never_reads_is_not_read_from() {
    let server = Server::start().await;
    let mut greedy = server.socket().await;
    let request = frame(&format!(
        r#"{{"pattern":"echo","data":"{}","id":"a"}}"#,
        "x".repeat(64 * 1024)
    ));
    // Writes until the server stops taking: neither its memory nor the
    // kernel's holds 512 MiB of replies.
    let mut sent = 0usize;
    loop {
        let write = tokio::time::timeout(Duration::from_millis(500), greedy.0.write_all(&request));
        match write.await {
            Ok(written) => written.unwrap(),
            Err(_) => break,
        }
        sent += request.len();
        assert!(sent < 512 << 20, "the server takes whatever it is sent");
    }
    server.socket().await.expect_alive().await;
}

#[tokio::test]
async fn a_peer_that_leaves_more_unread_than_allowed_is_dropped() {
    let max_send_buffer_size = 1 << 20;
    let server = Server::with_limits(TcpLimits {
        max_send_buffer_size,
        ..TcpLimits::default()
    })
    .await;
    let mut greedy = server.socket().await;
    // Held back until all are in hand, so that no pause in reading can help.
    let held = frame(&format!(
        r#"{{"pattern":"gated","data":"{}","id":"a"}}"#,
        "x".repeat(64 * 1024)
    ));
    for _ in 0..1_000 {
        greedy.send(&held).await;
    }
    server.until_started(1_000).await;
    server.gate.add_permits(1_000);
    let mut rest = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(10), greedy.0.read_to_end(&mut rest));
    let _ = end.await.expect("the server closes");
    assert!(
        rest.len() < 1_000 * 64 * 1024,
        "all of it was sent after all"
    );
    server.socket().await.expect_alive().await;
}

#[tokio::test]
async fn twelve_thousand_packets_in_one_write_are_all_answered() {
    let server = Server::start().await;
    let mut socket = server.socket().await;
    let empty = frame("{}").repeat(12_000);
    socket.send(&empty).await;
    socket.expect_alive().await;

    let requests: Vec<u8> = (0..12_000)
        .flat_map(|i| frame(&format!(r#"{{"pattern":"echo","data":{i},"id":"{i}"}}"#)))
        .collect();
    let (mut reader, mut writer) = socket.0.split();
    let mut replies = String::new();
    let read = async {
        let mut chunk = vec![0; 1 << 16];
        while replies.matches("isDisposed").count() < 12_000 {
            let count = reader.read(&mut chunk).await.unwrap();
            assert!(count > 0, "closed early");
            replies.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
        }
    };
    let (written, ()) = tokio::join!(writer.write_all(&requests), read);
    written.unwrap();
    for i in 0..12_000 {
        assert!(replies.contains(&format!(
            r#"{{"response":{i},"isDisposed":true,"id":"{i}"}}"#
        )));
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let server = Server::start().await;
    let options = TcpMicroserviceOptions::new(server.addr);
    let handlers = std::sync::Arc::new(common::Handlers::default());
    let error = Box::new(options)
        .start(handlers, Shutdown::new())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Bind { .. }));
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot listen on {}: ", server.addr))
    );
}

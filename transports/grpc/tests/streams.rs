//! Large streams.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;

use common::{MEGABYTE, Server};
use futures_util::StreamExt;
use nestrs_core::{Outgoing, Transport};

/// So many megabytes may be on their way: what the two ends of a connection
/// buffer, and a little more.
const AHEAD: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_megabytes_arrive_whole_in_order_and_never_all_at_once() {
    const COUNT: usize = 1_000;
    let server = Server::start().await;
    let mut replies = server
        .client()
        .send_stream(Outgoing::new("megabytes", COUNT.to_string()))
        .await
        .unwrap();
    let mut most = 0;
    for number in 0..COUNT {
        let item = replies.next().await.unwrap().unwrap();
        assert_eq!(item.len(), MEGABYTE);
        assert!(item.starts_with(format!("\"{number} x").as_bytes()));
        // A reader that takes its time.
        if number % 10 == 0 {
            tokio::task::yield_now().await;
        }
        most = most.max(server.handlers.produced.load(Ordering::SeqCst) - number);
    }
    assert!(replies.next().await.is_none());
    assert!(most <= AHEAD, "{most} were ahead of their reader");
}

#[tokio::test]
async fn who_reads_nothing_is_sent_no_more_than_fits() {
    let server = Server::start().await;
    let client = server.client();
    let mut replies = client
        .send_stream(Outgoing::new("megabytes", "1000"))
        .await
        .unwrap();
    // The others on the connection are not held up by it.
    for _ in 0..100 {
        client
            .send_json("echo", serde_json::json!(1))
            .await
            .unwrap();
    }
    let produced = server.handlers.produced.load(Ordering::SeqCst);
    assert!(produced <= AHEAD, "{produced}");
    assert!(replies.next().await.unwrap().is_ok());
}

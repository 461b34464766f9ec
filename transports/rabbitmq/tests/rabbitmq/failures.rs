//! Messages that make no sense, and handlers that fail.

use std::sync::atomic::Ordering;
use std::time::Duration;

use nestrs_core::Transport;
use nestrs_transport_rabbitmq::{
    RabbitMqFailurePolicy, RabbitMqMicroserviceOptions, RabbitMqQueueOptions, RabbitMqTransport,
};
use serde_json::json;

use crate::common::{Raw, Server, pair, text, unique};

/// A server whose dead letters are kept, at a channel to look for them.
async fn with_dead_letters(
    options: impl FnOnce(RabbitMqMicroserviceOptions) -> RabbitMqMicroserviceOptions,
    routes: &[&str],
) -> (Server, RabbitMqTransport, String, Raw, String) {
    let dead = unique("dead");
    let queue = RabbitMqQueueOptions::default().dead_letter_queue(&dead);
    let (server, client, queue) = pair(|o| options(o.queue(queue)), routes).await;
    (server, client, queue, Raw::connect().await, dead)
}

#[tokio::test]
async fn what_makes_no_sense_is_a_dead_letter_and_blocks_nothing() {
    let (server, client, queue, raw, dead) =
        with_dead_letters(|options| options.prefetch(1), &["echo"]).await;
    let bad = [
        "no JSON",
        "[1]",
        r#"{"data":1}"#,
        r#"{"pattern":"nope","data":1}"#,
        "\u{0}",
    ];
    for body in bad {
        raw.publish(&queue, body, Default::default()).await;
    }
    assert_eq!(client.send_json("echo", json!(1)).await.unwrap(), 1);
    for body in bad {
        assert_eq!(text(&raw.get(&dead).await), body);
    }
    assert_eq!(*server.journal.begun.borrow(), [1]);
}

#[tokio::test]
async fn a_request_without_a_handler_is_answered_and_a_dead_letter() {
    let (_server, client, _, raw, dead) = with_dead_letters(|options| options, &["echo"]).await;
    client.send_json("nope", json!(1)).await.unwrap_err();
    let letter = raw.get(&dead).await;
    assert!(text(&letter).contains("nope"));
}

#[tokio::test]
async fn an_event_that_fails_is_a_dead_letter_unless_told_otherwise() {
    let (server, client, _, raw, dead) =
        with_dead_letters(|options| options, &["fail", "echo"]).await;
    client.emit_json("fail", json!(1)).await.unwrap();
    assert!(text(&raw.get(&dead).await).contains("fail"));
    // A request that fails was answered.
    client.send_json("fail", json!(2)).await.unwrap_err();
    server.stop().await;
    assert_eq!(raw.count(&dead).await, 0);
}

#[tokio::test]
async fn an_event_that_fails_is_acknowledged_if_that_is_wanted() {
    let (server, client, queue, raw, dead) = with_dead_letters(
        |options| options.on_failure(RabbitMqFailurePolicy::Ack),
        &["fail"],
    )
    .await;
    client.emit_json("fail", json!(1)).await.unwrap();
    server.journal.until_begun(1).await;
    server.stop().await;
    assert_eq!((raw.count(&dead).await, raw.count(&queue).await), (0, 0));
}

#[tokio::test]
async fn an_event_that_fails_is_delivered_again_if_that_is_wanted() {
    let (server, client, _) = pair(
        |options| options.on_failure(RabbitMqFailurePolicy::Requeue),
        &["flaky"],
    )
    .await;
    server.journal.failures.store(1, Ordering::SeqCst);
    client.emit_json("flaky", json!(1)).await.unwrap();
    assert_eq!(server.journal.until_begun(2).await, [1, 1]);
    let contexts = server.journal.contexts.lock().unwrap();
    assert!(!contexts[0].redelivered && contexts[1].redelivered);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_again_so_often_and_then_a_dead_letter() {
    let retry = RabbitMqFailurePolicy::Retry {
        attempts: 3,
        backoff: Duration::from_millis(5),
    };
    let (server, client, _, raw, dead) =
        with_dead_letters(|options| options.on_failure(retry), &["flaky", "echo"]).await;
    server.journal.failures.store(2, Ordering::SeqCst);
    client.emit_json("flaky", json!("third")).await.unwrap();
    assert_eq!(server.journal.until_begun(3).await.len(), 3);
    server.journal.failures.store(3, Ordering::SeqCst);
    client.emit_json("flaky", json!("never")).await.unwrap();
    assert!(text(&raw.get(&dead).await).contains("never"));
    assert_eq!(server.journal.begun.borrow().len(), 6);
    server.stop().await;
    assert_eq!(raw.count(&dead).await, 0);
}

#[tokio::test]
async fn handlers_may_settle_their_message_themselves() {
    let (server, client, queue, raw, dead) =
        with_dead_letters(|options| options, &["acks", "rejects", "echo"]).await;
    client.emit_json("acks", json!(1)).await.unwrap();
    client.emit_json("rejects", json!(2)).await.unwrap();
    assert!(text(&raw.get(&dead).await).contains("rejects"));
    server.stop().await;
    assert_eq!((raw.count(&dead).await, raw.count(&queue).await), (0, 0));
}

#[tokio::test]
async fn without_acknowledgement_a_failure_is_the_end() {
    let no_ack = |options| RabbitMqMicroserviceOptions {
        no_ack: true,
        ..options
    };
    let (server, client, queue, raw, dead) = with_dead_letters(no_ack, &["fail", "echo"]).await;
    client.emit_json("fail", json!(1)).await.unwrap();
    client.emit_json("nope", json!(1)).await.unwrap();
    assert_eq!(client.send_json("echo", json!(2)).await.unwrap(), 2);
    let context = server.journal.contexts.lock().unwrap()[0].clone();
    assert!(!context.ack());
    server.stop().await;
    assert_eq!((raw.count(&dead).await, raw.count(&queue).await), (0, 0));
}

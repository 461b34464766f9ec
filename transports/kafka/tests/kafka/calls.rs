//! Requests and events between peers of nestrs.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all};
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_kafka::{KafkaProducer, KafkaRecord};
use serde_json::{Value, json};

use crate::common::{client, pair, soon};

#[tokio::test]
async fn requests_are_answered_and_lose_nothing_on_the_way() {
    let (server, client, route) = pair(&["echo", "sum", "nothing"]).await;
    let sum = client.send_json(&route("sum"), json!([1, 2, 3])).await;
    assert_eq!(sum.unwrap(), 6);
    for payload in [
        json!(5),
        json!(true),
        json!("5"),
        json!("{\"a\":1}"),
        json!({ "a": [null, 1.5] }),
        json!([]),
        json!(""),
        json!({ "value": 1 }),
        Value::Null,
    ] {
        let echoed = client.send_json(&route("echo"), payload.clone()).await;
        assert_eq!(echoed.unwrap(), payload);
    }
    let reply = client.send(Outgoing::new(&route("nothing"), "1")).await;
    assert_eq!(reply.unwrap(), None);
    server.stop().await;
}

#[tokio::test]
async fn many_requests_at_once_find_their_own_answers() {
    let (server, client, route) = pair(&["echo"]).await;
    let route = route("echo");
    let calls = (0..200).map(|n| client.send_json(&route, json!(n)));
    let answers = soon("all are answered", join_all(calls)).await;
    for (n, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), n);
    }
    server.stop().await;
}

#[tokio::test]
async fn streams_come_in_order_and_end() {
    let (server, client, route) = pair(&["count", "stream"]).await;
    let route_count = route("count");
    let replies = client.send_stream(Outgoing::new(&route_count, "100")).await;
    let items: Vec<_> = replies.unwrap().map(|item| item.unwrap()).collect().await;
    let expected: Vec<_> = (0..100).map(|n: u32| n.to_string()).collect();
    assert_eq!(items, expected);
    server.stop().await;
}

#[tokio::test]
async fn errors_are_the_callers() {
    let (server, client, route) = pair(&["fail", "failstr", "unknown"]).await;
    let error = client.send_json(&route("fail"), json!({})).await;
    assert_eq!(error.unwrap_err().message, "boom");
    let error = client.send_json(&route("failstr"), json!({})).await;
    assert_eq!(error.unwrap_err().message, "plain");
    let error = client.send_json(&route("unknown"), json!({})).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::NoHandler);
    server.stop().await;
}

#[tokio::test]
async fn handlers_know_headers_keys_and_deadlines() {
    let (server, client, route) = pair(&["context"]).await;
    let route = route("context");
    let message = Outgoing::new(&route, "1")
        .header("tenant", "acmé")
        .timeout(Duration::from_secs(20))
        .record(KafkaRecord::key("k1"));
    let reply = client.send(message).await.unwrap().unwrap();
    let mut known: Value = serde_json::from_slice(&reply).unwrap();
    let left = known["left"].take().as_u64().unwrap();
    assert!((15..=20).contains(&left), "{left}");
    let expected = json!({
        "transport": "kafka",
        "headers": { "tenant": "acmé" },
        "left": null,
        "topic": route,
        "key": "k1",
    });
    assert_eq!(known, expected);
    server.stop().await;
}

#[tokio::test]
async fn who_waits_no_more_is_not_worked_for() {
    let (server, client, route) = pair(&["gated"]).await;
    let route = route("gated");
    let message = Outgoing::new(&route, "1").timeout(Duration::from_secs(1));
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    // Nobody opened the gate.
    server.journal.until_begun(1).await;
    server.journal.until_over().await;
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_is_dropped_is_worked_for_until_its_deadline() {
    let (server, client, route) = pair(&["gated"]).await;
    let route = route("gated");
    let call = tokio::spawn(async move {
        let message = Outgoing::new(&route, "1").timeout(Duration::from_secs(3));
        client.send(message).await
    });
    server.journal.until_begun(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    // Nobody told the server, which has known the deadline from the beginning.
    assert_eq!(server.journal.over.available_permits(), 0);
    server.journal.until_over().await;
    server.stop().await;
}

#[tokio::test]
async fn nobody_answers_a_pattern_that_nobody_has() {
    let route = crate::common::unique("nobody");
    let client = client().await;
    let message = Outgoing::new(&route, "1").timeout(Duration::from_secs(2));
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message.contains(&route), "{error}");
}

#[tokio::test]
async fn a_pattern_that_can_be_no_topic_is_named() {
    let client = client().await;
    for pattern in [r#"{"cmd":"sum"}"#, "orders placed", ""] {
        let error = client.send_json(pattern, json!(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload);
        assert!(error.message.contains("can be no topic"), "{error}");
        let error = client.emit_json(pattern, json!(1)).await.unwrap_err();
        assert!(error.message.contains("can be no topic"), "{error}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_said_on_either_side() {
    let (server, client, route) = pair(&["large", "echo"]).await;
    let large = json!("x".repeat(1_100_000));
    let error = client.send_json(&route("echo"), large).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
    let error = client.send_json(&route("large"), json!(1_100_000)).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_was_closed_ends_its_calls_and_works_again() {
    let (server, client, route) = pair(&["gated", "echo"]).await;
    let call = tokio::spawn({
        let (client, route) = (client.clone(), route("gated"));
        async move { client.send_json(&route, json!(1)).await }
    });
    server.journal.until_begun(1).await;
    assert!(client.driver().unwrap().is::<KafkaProducer>());
    client.close().await;
    let error = soon("the call ends", call).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(error.message, "Connection closed");
    assert!(client.driver().is_none());
    assert_eq!(client.send_json(&route("echo"), json!(2)).await.unwrap(), 2);
    server.journal.gate.add_permits(1);
    server.stop().await;
}

#[tokio::test]
async fn a_first_call_that_is_not_waited_for_is_in_nobodys_way() {
    let (server, client, route) = pair(&["echo"]).await;
    let route = route("echo");
    client.connect().await.unwrap();
    // Its topic of replies is only being created.
    let message = Outgoing::new(&route, "1").timeout(Duration::from_millis(1));
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(client.send_json(&route, json!(2)).await.unwrap(), 2);
    server.stop().await;
}

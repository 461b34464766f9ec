//! Events that fail, batches, and offsets that handlers commit themselves.

use std::time::Duration;

use nestrs_core::{Outgoing, Transport};
use nestrs_transport_kafka::rdkafka::Message as _;
use nestrs_transport_kafka::{KafkaFailurePolicy, KafkaMicroserviceOptions, KafkaRecord, dead};
use serde_json::{Value, json};

use crate::common::{Server, client, server_options, unique};
use crate::raw::{Raw, committed, seen};

async fn quick() -> KafkaMicroserviceOptions {
    server_options().await.on_failure(KafkaFailurePolicy {
        backoff: Duration::from_millis(1),
        ..KafkaFailurePolicy::default()
    })
}

#[tokio::test]
async fn an_event_that_fails_is_tried_again_before_the_next() {
    let route = format!("{}.flaky", unique("t"));
    let server = Server::start(quick().await, std::slice::from_ref(&route)).await;
    server
        .journal
        .failures
        .store(2, std::sync::atomic::Ordering::SeqCst);
    let client = client().await;
    for n in 1..=2 {
        client.emit_json(&route, json!({ "n": n })).await.unwrap();
    }
    let begun = server.journal.until_begun(4).await;
    let numbers: Vec<_> = begun
        .iter()
        .map(|event| event["n"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 1, 1, 2]);
    server.stop().await;
}

#[tokio::test]
async fn an_event_that_never_succeeds_is_a_dead_letter_and_holds_nobody_up() {
    let (service, prefix) = (unique("service"), unique("t"));
    let (fail, other) = (format!("{prefix}.fail"), format!("{prefix}.other"));
    let routes = [fail.clone(), other.clone()];
    let server = Server::of(&service, quick().await, &routes, Value::Null).await;
    let raw = Raw::new().await;
    raw.publish(&fail, Some(br#"{"n":1}"#), &[("tenant", "acme")])
        .await;
    let client = client().await;
    client.emit_json(&other, json!("meanwhile")).await.unwrap();
    server.journal.until_begun(4).await;

    raw.read(&format!("{fail}.dead"), 0);
    let letter = raw.next().await;
    assert_eq!(letter.payload(), Some(&br#"{"n":1}"#[..]));
    let expected = [
        ("tenant", "acme"),
        (dead::REASON, "boom"),
        (dead::TOPIC, &fail),
        (dead::PARTITION, "0"),
        (dead::OFFSET, "0"),
        (dead::ATTEMPTS, "3"),
        (dead::GROUP, &format!("{service}-server")),
    ];
    let (_, said) = seen(&letter);
    let said: Vec<_> = said
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(said, expected);
    server.stop().await;
    // It is done with.
    assert_eq!(committed(&service, &fail, 0).await, Some(1));
}

#[tokio::test]
async fn what_no_handler_can_read_is_a_dead_letter_at_once() {
    let route = format!("{}.poison", unique("t"));
    // As long as it is not tried again.
    let options = server_options().await.on_failure(KafkaFailurePolicy {
        backoff: Duration::from_secs(600),
        ..KafkaFailurePolicy::default()
    });
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    let client = client().await;
    for n in 1..=2 {
        client.emit_json(&route, json!({ "n": n })).await.unwrap();
    }
    let raw = Raw::new().await;
    server.journal.until_begun(2).await;
    raw.read(&format!("{route}.dead"), 0);
    for n in 1..=2 {
        let (value, said) = seen(&raw.next().await);
        assert_eq!(value, Some(json!({ "n": n }).to_string()));
        assert!(said.contains(&(dead::ATTEMPTS.to_owned(), "1".to_owned())));
        assert!(said.contains(&(dead::REASON.to_owned(), "no such thing".to_owned())));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_partition_that_waits_to_try_again_holds_no_other_up() {
    let route = format!("{}.flaky", unique("t"));
    Raw::new().await.topic(&route, 2).await;
    let options = server_options().await.on_failure(KafkaFailurePolicy {
        backoff: Duration::from_secs(600),
        ..KafkaFailurePolicy::default()
    });
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    server
        .journal
        .failures
        .store(1, std::sync::atomic::Ordering::SeqCst);
    let client = client().await;
    let send = async |partition, n: u64| {
        let message = Outgoing::new(&route, json!({ "n": n }).to_string());
        let record = KafkaRecord::default().partition(partition);
        client.emit(message.record(record)).await.unwrap();
    };
    send(0, 1).await;
    server.journal.until_begun(1).await;
    send(0, 2).await;
    send(1, 3).await;
    send(1, 4).await;
    let begun = server.journal.until_begun(3).await;
    let begun: Vec<_> = begun.iter().map(|event| event["n"].clone()).collect();
    assert_eq!(begun, [1, 3, 4]);
    server.stop().await;
}

#[tokio::test]
async fn a_batch_that_fails_is_tried_again_and_dies_as_one() {
    let (service, route) = (unique("service"), format!("{}.fail", unique("t")));
    let extras = json!({ "batch": { "size": 3, "wait_ms": 20_000 } });
    let routes = [route.clone()];
    let server = Server::of(&service, quick().await, &routes, extras).await;
    let client = client().await;
    for n in 0..3 {
        client.emit_json(&route, json!(n)).await.unwrap();
    }
    let begun = server.journal.until_begun(3).await;
    assert_eq!(
        begun,
        [json!([0, 1, 2]), json!([0, 1, 2]), json!([0, 1, 2])]
    );
    let raw = Raw::new().await;
    raw.read(&format!("{route}.dead"), 0);
    for n in 0..3 {
        assert_eq!(seen(&raw.next().await).0, Some(n.to_string()));
    }
    server.stop().await;
    assert_eq!(committed(&service, &route, 0).await, Some(3));
}

#[tokio::test]
async fn batches_are_handled_as_one() {
    let (service, route) = (unique("service"), format!("{}.batch", unique("t")));
    let extras = json!({ "batch": { "size": 10, "wait_ms": 500 } });
    let options = server_options().await;
    let server = Server::of(&service, options, std::slice::from_ref(&route), extras).await;
    let client = client().await;
    let all: Vec<_> = (0..25).collect();
    let sent = all.iter().map(|n| client.emit_json(&route, json!(n)));
    for sent in futures_util::future::join_all(sent).await {
        sent.unwrap();
    }
    let is_complete = |begun: &Vec<Value>| {
        let lengths = begun.iter().map(|batch| batch.as_array().unwrap().len());
        lengths.sum::<usize>() == 25
    };
    let begun = server.journal.until("all are handled", is_complete).await;
    assert!(
        begun
            .iter()
            .all(|batch| batch.as_array().unwrap().len() <= 10)
    );
    assert!(begun.len() < 25, "they came one by one: {begun:?}");
    let handled: Vec<_> = begun
        .iter()
        .flat_map(|batch| batch.as_array().unwrap())
        .collect();
    let mut handled: Vec<_> = handled.iter().map(|n| n.as_u64().unwrap()).collect();
    handled.sort_unstable();
    assert_eq!(handled, (0..25).collect::<Vec<u64>>());
    let contexts = server.journal.contexts.lock().unwrap().clone();
    assert_eq!(
        contexts[0].records.len(),
        begun[0].as_array().unwrap().len()
    );
    server.stop().await;
    assert_eq!(committed(&service, &route, 0).await, Some(25));
}

#[tokio::test]
async fn with_manual_commits_handlers_say_what_is_done_with() {
    let (service, prefix) = (unique("service"), unique("t"));
    let (commits, other) = (format!("{prefix}.commits"), format!("{prefix}.other"));
    let mut options = server_options().await;
    options.manual_commit = true;
    let routes = [commits.clone(), other.clone()];
    let server = Server::of(&service, options, &routes, Value::Null).await;
    let client = client().await;
    for n in 0..3 {
        client.emit_json(&commits, json!(n)).await.unwrap();
        client.emit_json(&other, json!(n)).await.unwrap();
    }
    server.journal.until_begun(6).await;
    server.stop().await;
    assert_eq!(committed(&service, &commits, 0).await, Some(3));
    // What it was when the group began.
    assert_eq!(committed(&service, &other, 0).await, Some(0));
}

//! What NestJS peers put on the wire, recorded, on either side of us.

use nestrs_core::{Outgoing, Transport};
use serde_json::{Value, json};

use crate::common::{client, pair, unique};
use crate::raw::{Raw, Seen, seen};

fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    list.iter().map(own).collect()
}

fn last(value: Option<&str>) -> Seen {
    let said = [
        ("kafka_correlationId", "c1"),
        ("kafka_nest-is-disposed", "\0"),
    ];
    (value.map(str::to_owned), headers(&said))
}

fn item(value: &str) -> Seen {
    (
        Some(value.to_owned()),
        headers(&[("kafka_correlationId", "c1")]),
    )
}

fn failed(error: &str) -> Seen {
    let said = [
        ("kafka_correlationId", "c1"),
        ("kafka_nest-err", error),
        ("kafka_nest-is-disposed", "\0"),
    ];
    (None, headers(&said))
}

#[tokio::test]
async fn requests_are_answered_as_nestjs_answers_them() {
    let boom = r#"{"status":"error","message":"boom"}"#;
    let nobody = "There is no matching message handler defined in the remote service.";
    let record = [
        ("x", "y"),
        ("kafka_correlationId", "c1"),
        ("kafka_nest-is-disposed", "\0"),
    ];
    let unhandled = [("kafka_correlationId", "c1"), ("kafka_nest-err", nobody)];
    let cases: Vec<(&str, Vec<Seen>)> = vec![
        ("sum", vec![last(Some("3"))]),
        (
            "stream",
            vec![item("1"), item(r#"{"a":1}"#), last(Some("str"))],
        ),
        ("fail", vec![failed(boom)]),
        ("failstr", vec![failed("plain")]),
        ("nothing", vec![last(None)]),
        ("null", vec![last(None)]),
        (
            "kv",
            vec![(Some(r#"{"v":1}"#.to_owned()), headers(&record))],
        ),
        ("bool", vec![last(Some("true"))]),
        ("num", vec![last(Some("5"))]),
        ("unknown", vec![(None, headers(&unhandled))]),
    ];
    let words: Vec<_> = cases.iter().map(|(word, _)| *word).collect();
    let (server, _, route) = pair(&words).await;
    let raw = Raw::new().await;
    let reply_topic = unique("replies");
    raw.topic(&reply_topic, 3).await;
    raw.read(&reply_topic, 2);
    for (word, replies) in cases {
        let said = [
            ("kafka_correlationId", "c1"),
            ("kafka_replyTopic", &*reply_topic),
            ("kafka_replyPartition", "2"),
        ];
        raw.publish(&route(word), Some(b"[1,2]"), &said).await;
        for reply in replies {
            let came = raw.next().await;
            assert_eq!(seen(&came), reply, "{word}");
            let key = nestrs_transport_kafka::rdkafka::Message::key(&came);
            assert_eq!(key, (word == "kv").then_some(&b"k"[..]));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_request_without_a_partition_is_answered_in_any() {
    let (server, _, route) = pair(&["sum"]).await;
    let raw = Raw::new().await;
    let reply_topic = unique("replies");
    raw.topic(&reply_topic, 1).await;
    raw.read(&reply_topic, 0);
    let said = [
        ("kafka_correlationId", "c1"),
        ("kafka_replyTopic", &*reply_topic),
    ];
    raw.publish(&route("sum"), Some(b"[1]"), &said).await;
    assert_eq!(seen(&raw.next().await), last(Some("1")));
    server.stop().await;
}

#[tokio::test]
async fn events_are_read_as_nestjs_reads_them() {
    let (server, _, route) = pair(&["event"]).await;
    let raw = Raw::new().await;
    let values = [
        (Some(&br#"{"a":1}"#[..]), json!({ "a": 1 })),
        (Some(b"\"quoted\""), json!("\"quoted\"")),
        (Some(b"12"), json!("12")),
        (None, Value::Null),
        (
            Some(br#"{"pattern":"x","data":5}"#),
            json!({ "pattern": "x", "data": 5 }),
        ),
        (Some(b"\xff\xfe"), json!("\u{fffd}\u{fffd}")),
    ];
    for (value, _) in &values {
        raw.publish(&route("event"), *value, &[]).await;
    }
    let begun = server.journal.until_begun(values.len()).await;
    let expected: Vec<_> = values.into_iter().map(|(_, json)| json).collect();
    assert_eq!(begun, expected);
    server.stop().await;
}

#[tokio::test]
async fn a_client_sends_what_a_nestjs_client_sends() {
    let client = client().await;
    let raw = Raw::new().await;
    let topic = unique("sum");
    raw.topic(&topic, 1).await;
    raw.read(&topic, 0);
    for (payload, value) in [
        (json!([1, 2]), Some("[1,2]")),
        (json!("str"), Some("str")),
        (json!(5), Some("5")),
        (json!(true), Some("true")),
        (Value::Null, None),
        (
            json!({ "key": "k", "value": { "a": 1 }, "headers": { "h": "v" } }),
            Some(r#"{"a":1}"#),
        ),
    ] {
        let (client, topic) = (client.clone(), topic.clone());
        let call = tokio::spawn(async move { client.send_json(&topic, payload).await });
        let (sent, said) = seen(&raw.next().await);
        assert_eq!(sent.as_deref(), value);
        let get = |name: &str| {
            let found = said.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str())
        };
        let reply_topic = format!("{topic_}.reply", topic_ = reply_base(&said));
        assert_eq!(get("kafka_replyTopic"), Some(&*reply_topic));
        assert_eq!(get("kafka_replyPartition"), Some("0"));
        let id = get("kafka_correlationId").unwrap();
        // What NestJS answers to it: a number is a string there.
        let answer = [
            ("kafka_correlationId", id),
            ("kafka_nest-is-disposed", "\0"),
        ];
        raw.publish(&reply_topic, Some(b"3"), &answer).await;
        assert_eq!(call.await.unwrap().unwrap(), "3");
    }
}

fn reply_base(said: &[(String, String)]) -> String {
    let found = said.iter().find(|(name, _)| name == "kafka_replyTopic");
    found.unwrap().1.trim_end_matches(".reply").to_owned()
}

#[tokio::test]
async fn events_have_no_headers_but_the_callers() {
    let client = client().await;
    let raw = Raw::new().await;
    let topic = unique("event");
    raw.topic(&topic, 1).await;
    raw.read(&topic, 0);
    client.emit_json(&topic, json!({ "a": 1 })).await.unwrap();
    assert_eq!(
        seen(&raw.next().await),
        (Some(r#"{"a":1}"#.to_owned()), vec![])
    );
    let message = Outgoing::new(&topic, "{}").header("tenant", "acme");
    client.emit(message).await.unwrap();
    assert_eq!(seen(&raw.next().await).1, headers(&[("tenant", "acme")]));
}

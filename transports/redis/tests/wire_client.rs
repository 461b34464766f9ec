//! What our client publishes, and how it takes what NestJS 11 and 12 servers
//! publish for it: each reply was recorded from running peers.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Peer, client, unique, url};
use futures_util::StreamExt;
use nestrs_core::{Outgoing, Transport};
use nestrs_transport_redis::{RedisTransport, RedisTransportOptions};
use serde_json::{Value, json};

/// The id in a request.
fn id(request: &str) -> String {
    let request: Value = serde_json::from_str(request).unwrap();
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_published_after_its_reply_can_be_heard() {
    let mut server = Peer::new(url().await).await;
    let pattern = unique(r#"{"cmd":"x"}"#);
    server.subscribe(&pattern).await;
    let client = client().await;
    let call = tokio::spawn({
        let (client, pattern) = (client.clone(), pattern.clone());
        async move { client.send_json(&pattern, json!([1, 2, 3])).await }
    });
    let (channel, request) = server.next().await;
    assert_eq!(channel, pattern);
    let id = id(&request);
    let expected = format!(
        r#"{{"pattern":{},"data":[1,2,3],"metadata":{{"nestrs-timeout-ms":"10000"}},"id":"{id}"}}"#,
        Value::from(pattern.as_str())
    );
    assert_eq!(request, expected);
    assert!(
        id.len() > 16 && id.chars().all(|c| c.is_ascii_alphanumeric()),
        "{id}"
    );
    // What others are replied, and what is no reply at all, changes nothing.
    let reply = format!("{pattern}.reply");
    for other in [
        r#"{"response":1,"isDisposed":true,"id":"70208afb33680f2747c09"}"#,
        "not json",
        "7",
        "{}",
    ] {
        assert_eq!(server.publish(&reply, other).await, 1);
    }
    server
        .publish(
            &reply,
            format!(r#"{{"response":6,"isDisposed":true,"id":"{id}"}}"#),
        )
        .await;
    assert_eq!(call.await.unwrap(), Ok(json!(6)));
    // The subscription stays for the next call.
    let subscribed: (String, usize) = server.ask(&format!("PUBSUB NUMSUB {reply}")).await;
    assert_eq!(subscribed.1, 1);
}

#[tokio::test]
async fn streams_and_errors_are_taken_as_they_come() {
    let mut server = Peer::new(url().await).await;
    let pattern = unique("streaming");
    let reply = format!("{pattern}.reply");
    server.subscribe(&pattern).await;
    let client = client().await;
    for (packets, items, error) in [
        (
            vec![
                r#"{"response":1,"id":ID}"#,
                r#"{"response":2,"id":ID}"#,
                r#"{"response":3,"isDisposed":true,"id":ID}"#,
            ],
            vec!["1", "2", "3"],
            None,
        ),
        (vec![r#"{"isDisposed":true,"id":ID}"#], vec![], None),
        (
            vec![
                r#"{"response":1,"id":ID}"#,
                r#"{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":ID}"#,
            ],
            vec!["1"],
            Some("boom"),
        ),
    ] {
        let mut replies = client
            .send_stream(Outgoing::new(&pattern, "[1,2,3]"))
            .await
            .unwrap();
        let (_, request) = server.next().await;
        assert!(request.contains(r#""nestrs-timeout-ms":"0""#), "{request}");
        for packet in packets {
            server
                .publish(&reply, packet.replace("ID", &format!("{:?}", id(&request))))
                .await;
        }
        for item in items {
            assert_eq!(replies.next().await.unwrap().unwrap(), item);
        }
        let end = replies.next().await.map(|item| item.unwrap_err().message);
        assert_eq!(end.as_deref(), error);
        assert!(replies.next().await.is_none());
    }
}

#[tokio::test]
async fn an_event_is_published_as_nestjs_does() {
    let mut server = Peer::new(url().await).await;
    let pattern = unique("notification");
    server.subscribe(&pattern).await;
    let client = client().await;
    client.emit_json(&pattern, json!({ "a": 1 })).await.unwrap();
    server
        .expect(
            &pattern,
            &format!(r#"{{"pattern":"{pattern}","data":{{"a":1}}}}"#),
        )
        .await;
    let message = Outgoing::new(&pattern, "1").header("trace", "t1");
    client.emit(message).await.unwrap();
    let event = format!(r#"{{"pattern":"{pattern}","data":1,"metadata":{{"trace":"t1"}}}}"#);
    server.expect(&pattern, &event).await;
}

#[tokio::test]
async fn what_is_not_waited_for_is_said_where_nestjs_does_not_listen() {
    let mut server = Peer::new(url().await).await;
    let pattern = unique("slow");
    server.subscribe(&pattern).await;
    server.subscribe(&format!("nestrs-cancel:{pattern}")).await;
    let options =
        RedisTransportOptions::new(url().await).request_timeout(Duration::from_millis(50));
    let client = RedisTransport::new(options);
    client.send_json(&pattern, json!(1)).await.unwrap_err();
    let (_, request) = server.next().await;
    let id = format!("{:?}", id(&request));
    server
        .expect(&format!("nestrs-cancel:{pattern}"), &id)
        .await;
    // The channel of the requests has nothing more to say.
    client.emit_json(&pattern, json!("next")).await.unwrap();
    assert!(server.next().await.1.contains("next"));
}

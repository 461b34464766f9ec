//! What NestJS peers publish, as it was recorded, and what goes back to the
//! byte.
#![allow(clippy::unwrap_used)]

mod common;

use async_nats::{Client, HeaderMap, Message, Subscriber};
use common::{Happens, Server, Service, in_time, prefix, shared};
use futures_util::StreamExt;
use nestrs_transport_nats::{NatsMicroserviceOptions, async_nats};
use serde_json::{Value, json};

/// A peer that speaks bytes, and its inbox.
struct Peer {
    driver: Client,
    inbox: String,
    replies: Subscriber,
}

impl Peer {
    async fn new() -> Self {
        let driver = async_nats::connect(shared().await).await.unwrap();
        let inbox = driver.new_inbox();
        let replies = driver.subscribe(inbox.clone()).await.unwrap();
        Self {
            driver,
            inbox,
            replies,
        }
    }

    async fn ask(&mut self, subject: &str, packet: &str) -> String {
        let publish = self.driver.publish_with_reply(
            subject.to_owned(),
            self.inbox.clone(),
            packet.to_owned().into(),
        );
        publish.await.unwrap();
        self.reply().await
    }

    async fn reply(&mut self) -> String {
        let Message {
            payload, headers, ..
        } = in_time("a reply", self.replies.next()).await.unwrap();
        assert_eq!(headers, None, "replies have no headers");
        String::from_utf8(payload.to_vec()).unwrap()
    }
}

async fn serve(routes: &[&str]) -> (Server, Happens, String, Peer) {
    let prefix = prefix();
    let (service, happens) = Service::new(routes.iter().map(|route| format!("{prefix}.{route}")));
    let server = service
        .start(NatsMicroserviceOptions::new(shared().await))
        .await;
    (server, happens, prefix, Peer::new().await)
}

#[tokio::test]
async fn requests_are_answered_as_nestjs_answers_them() {
    let (_server, _happens, prefix, mut peer) = serve(&["sum", "fail", "stream", "nothing"]).await;
    for (name, data, replies) in [
        (
            "sum",
            "[1,2,3]",
            &[r#"{"response":6,"isDisposed":true,"id":"7acf74fa3a52e537dee60"}"#][..],
        ),
        (
            "fail",
            "{}",
            &[
                r#"{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":"7acf74fa3a52e537dee60"}"#,
            ],
        ),
        (
            "nothing",
            "1",
            &[r#"{"isDisposed":true,"id":"7acf74fa3a52e537dee60"}"#],
        ),
        (
            "stream",
            "[1,2,3]",
            &[
                r#"{"response":1,"id":"7acf74fa3a52e537dee60"}"#,
                r#"{"response":2,"id":"7acf74fa3a52e537dee60"}"#,
                r#"{"response":3,"isDisposed":true,"id":"7acf74fa3a52e537dee60"}"#,
            ],
        ),
    ] {
        let subject = format!("{prefix}.{name}");
        let packet =
            format!(r#"{{"pattern":"{subject}","data":{data},"id":"7acf74fa3a52e537dee60"}}"#);
        assert_eq!(peer.ask(&subject, &packet).await, replies[0]);
        for reply in &replies[1..] {
            assert_eq!(peer.reply().await, *reply);
        }
    }
}

#[tokio::test]
async fn an_object_pattern_is_its_route() {
    let cmd = format!("{}.sum", prefix());
    let route = format!(r#"{{"B":true,"cmd":"{cmd}"}}"#);
    let (service, _happens) = Service::new([route.clone()]);
    let _server = service
        .start(NatsMicroserviceOptions::new(shared().await))
        .await;
    let packet = format!(
        r#"{{"pattern":{{"cmd":"{cmd}","B":true}},"data":[4],"id":"acf74fa3a52e537dee60e"}}"#
    );
    let reply = Peer::new().await.ask(&route, &packet).await;
    assert_eq!(
        reply,
        r#"{"response":4,"isDisposed":true,"id":"acf74fa3a52e537dee60e"}"#
    );
}

#[tokio::test]
async fn a_message_without_an_id_is_an_event_whatever_else_it_is() {
    let (_server, mut happens, prefix, mut peer) = serve(&["users.*", "sum"]).await;
    let subject = format!("{prefix}.users.9");
    for packet in [
        r#""ext""#,
        r#"{"pattern":"x","data":1}"#,
        "5",
        "[]",
        r#"{"id":"1"}"#,
        "null",
    ] {
        let publish = peer.driver.publish_with_reply(
            subject.clone(),
            peer.inbox.clone(),
            packet.to_owned().into(),
        );
        publish.await.unwrap();
        assert_eq!(happens.one_starts().await, subject, "{packet}");
    }
    // None of them was answered.
    let reply = peer
        .ask(&format!("{prefix}.sum"), r#"{"id":"1","data":[1]}"#)
        .await;
    assert_eq!(reply, r#"{"response":1,"isDisposed":true,"id":"1"}"#);
}

#[tokio::test]
async fn what_is_no_json_is_dropped_between_others_that_are() {
    let (_server, _happens, prefix, mut peer) = serve(&["sum"]).await;
    let subject = format!("{prefix}.sum");
    for bytes in [&b"{"[..], b"", b"\xff\xfe", b"nul", b"{}{}"] {
        peer.driver
            .publish_with_reply(subject.clone(), peer.inbox.clone(), bytes.into())
            .await
            .unwrap();
        let reply = peer.ask(&subject, r#"{"id":7,"data":[1,2]}"#).await;
        assert_eq!(reply, r#"{"response":3,"isDisposed":true,"id":7}"#);
    }
}

#[tokio::test]
async fn a_handler_knows_subject_and_headers() {
    let (_server, _happens, prefix, mut peer) = serve(&["users.*.seen", "files.>"]).await;
    let mut headers = HeaderMap::new();
    headers.insert("x-def", "d");
    headers.append("many", "1");
    headers.append("many", "2");
    for (route, subject) in [("users.*.seen", "users.42.seen"), ("files.>", "files.a.b")] {
        let (route, subject) = (format!("{prefix}.{route}"), format!("{prefix}.{subject}"));
        let packet = r#"{"pattern":"not looked at","data":"hi","id":1}"#;
        let publish = peer.driver.publish_with_reply_and_headers(
            subject.clone(),
            peer.inbox.clone(),
            headers.clone(),
            packet.into(),
        );
        publish.await.unwrap();
        let reply: Value = serde_json::from_str(&peer.reply().await).unwrap();
        let mut known = reply["response"].clone();
        // In no particular order.
        assert_eq!(known["headers"]["x-def"], "d");
        assert_eq!(known["headers"]["many"], "1");
        known["headers"].take();
        assert_eq!(
            known,
            json!({
                "route": route, "pattern": subject, "payload": "hi", "subject": subject,
                "headers": null, "all": ["1", "2"], "left": null,
            })
        );
    }
}

#[tokio::test]
async fn each_subscription_runs_its_own_handler_once() {
    let (_server, mut happens, prefix, mut peer) = serve(&["a.*", "a.>", "a.b"]).await;
    let subject = format!("{prefix}.a.b");
    let mut routes = vec![peer.ask(&subject, r#"{"data":1,"id":1}"#).await];
    routes.push(peer.reply().await);
    routes.push(peer.reply().await);
    for route in ["a.*", "a.>", "a.b"] {
        let said = format!("\"route\":\"{prefix}.{route}\"");
        assert_eq!(
            routes.iter().filter(|reply| reply.contains(&said)).count(),
            1,
            "{routes:?}"
        );
        happens.one_starts().await;
    }
    assert!(happens.started.try_recv().is_err());
}

//! What a NestJS 11 and 12 server publishes, byte for byte: each exchange was
//! recorded from running peers, and is played to our server as their client
//! sent it.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Peer, Server};
use nestrs_brokers::Broker;
use nestrs_transport_redis::RedisMicroserviceOptions;
use serde_json::json;

const SUM: &str = r#"{"cmd":"sum"}"#;
const SHUFFLED: &str = r#"{"a":"x","B":true,"n":null,"o":{"x":2,"y":{"0":1,"1":"q\""}},"z":1}"#;

/// A server of the recorded patterns, alone on its broker, and a peer.
async fn recorded(wildcards: bool) -> (Broker, Server, Peer) {
    let broker = Broker::redis().start().await.unwrap();
    let routes = [
        SUM,
        SHUFFLED,
        "streaming",
        "fail",
        "notification",
        "users.*",
        "undefined",
    ];
    let routes = routes.map(str::to_owned).to_vec();
    let options = RedisMicroserviceOptions::new(broker.url()).wildcards(wildcards);
    let server = Server::of(options, "", routes).await;
    let peer = Peer::new(&broker.url()).await;
    (broker, server, peer)
}

/// The requests of NestJS 11, and what is published for them.
const REQUESTS: &[(&str, &str, &[&str])] = &[
    (
        SUM,
        r#"{"pattern":{"cmd":"sum"},"data":[1,2,3],"id":"70208afb33680f2747c09"}"#,
        &[r#"{"response":6,"isDisposed":true,"id":"70208afb33680f2747c09"}"#],
    ),
    (
        SHUFFLED,
        r#"{"pattern":{"o":{"x":2,"y":[1,"q\""]},"n":null,"B":true,"a":"x","z":1},"data":[4],"id":"0208afb33680f2747c096"}"#,
        &[r#"{"response":4,"isDisposed":true,"id":"0208afb33680f2747c096"}"#],
    ),
    (
        "streaming",
        r#"{"pattern":"streaming","data":[1,2,3],"id":"208afb33680f2747c0968"}"#,
        &[
            r#"{"response":1,"id":"208afb33680f2747c0968"}"#,
            r#"{"response":2,"id":"208afb33680f2747c0968"}"#,
            r#"{"response":3,"isDisposed":true,"id":"208afb33680f2747c0968"}"#,
        ],
    ),
    (
        "fail",
        r#"{"pattern":"fail","data":{},"id":"08afb33680f2747c0968c"}"#,
        &[
            r#"{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":"08afb33680f2747c0968c"}"#,
        ],
    ),
];

async fn play(peer: &mut Peer, (channel, request, replies): (&str, &str, &[&str])) {
    let reply = format!("{channel}.reply");
    peer.subscribe(&reply).await;
    assert!(peer.publish(channel, request).await > 0);
    for expected in replies {
        peer.expect(&reply, expected).await;
    }
}

#[tokio::test]
async fn requests_are_answered_to_the_byte() {
    let (_broker, _server, mut peer) = recorded(false).await;
    for exchange in REQUESTS {
        play(&mut peer, *exchange).await;
    }
}

#[tokio::test]
async fn requests_with_metadata_are_answered_to_the_byte() {
    let (_broker, _server, mut peer) = recorded(false).await;
    for (channel, request, replies) in REQUESTS {
        let request = request.replacen(r#","id":"#, r#","metadata":{"trace":"t1"},"id":"#, 1);
        play(&mut peer, (channel, &request, replies)).await;
    }
}

#[tokio::test]
async fn with_wildcards_the_same_holds_and_patterns_are_matched() {
    let (_broker, server, mut peer) = recorded(true).await;
    for exchange in REQUESTS {
        play(&mut peer, *exchange).await;
    }
    let before = server.started.load(std::sync::atomic::Ordering::SeqCst);
    let wild = r#"{"pattern":"users.42","data":"hi","metadata":{"trace":"t1"},"id":"b6c926f0c017fabb33c5f"}"#;
    let shown = json!({
        "transport": "redis",
        "headers": { "trace": "t1" },
        "hasDeadline": false,
        "channel": "users.42",
        "subscribed": "users.*",
        "route": "users.*",
    });
    let reply = format!(r#"{{"response":{shown},"isDisposed":true,"id":"b6c926f0c017fabb33c5f"}}"#);
    for _ in 0..2 {
        play(&mut peer, ("users.42", wild, &[&reply])).await;
    }
    // Its own reply is no event: only the two requests were handled.
    let after = server.started.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(after - before, 2);
}

#[tokio::test]
async fn events_are_handled_whatever_was_published() {
    let (_broker, mut server, mut peer) = recorded(false).await;
    for (published, data) in [
        (
            r#"{"pattern":"notification","data":{"a":1}}"#,
            json!({ "a": 1 }),
        ),
        (
            r#"{"pattern":"notification","data":{"a":1},"metadata":{"trace":"t1"}}"#,
            json!({ "a": 1 }),
        ),
        (r#""raw""#, json!("raw")),
        ("not json", json!("not json")),
        (r#"{"x":1}"#, json!({ "x": 1 })),
    ] {
        assert_eq!(peer.publish("notification", published).await, 1);
        assert_eq!(server.event().await, data, "{published}");
    }
    assert_eq!(peer.publish("notification", b"\xff\xfe").await, 1);
    assert_eq!(server.event().await, json!("\u{fffd}\u{fffd}"));
}

#[tokio::test]
async fn ids_of_any_json_are_given_back() {
    let (_broker, _server, mut peer) = recorded(false).await;
    peer.subscribe(&format!("{SUM}.reply")).await;
    for id in ["7", "null", r#"{"a":[1]}"#] {
        let request = format!(r#"{{"pattern":{SUM},"data":[1],"id":{id}}}"#);
        peer.publish(SUM, request).await;
        let reply = format!(r#"{{"response":1,"isDisposed":true,"id":{id}}}"#);
        peer.expect(&format!("{SUM}.reply"), &reply).await;
    }
}

#[tokio::test]
async fn of_what_has_no_handler_nothing_is_heard() {
    let (_broker, server, mut peer) = recorded(false).await;
    let request = r#"{"pattern":"nope","data":1,"id":"8afb33680f2747c0968cf"}"#;
    assert_eq!(peer.publish("nope", request).await, 0);
    play(&mut peer, REQUESTS[0]).await;
    assert_eq!(server.started.load(std::sync::atomic::Ordering::SeqCst), 1);
}

//! Events by streams: once in each group, again when they fail or their server
//! is gone, and given up at last.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Peer, SOON, Server, counted, unique, url};
use futures_util::future::join_all;
use nestrs_core::{Outgoing, Transport};
use nestrs_transport_redis::{
    RedisDurableOptions, RedisMicroserviceOptions, RedisTransport, RedisTransportOptions,
};
use serde_json::{Value, json};

const REST: Duration = Duration::from_millis(200);

async fn options(group: &str) -> RedisMicroserviceOptions {
    RedisMicroserviceOptions::new(url().await).durable_options(RedisDurableOptions {
        group: Some(group.to_owned()),
        retry_after: REST,
        max_attempts: 3,
    })
}

async fn client() -> RedisTransport {
    RedisTransport::new(RedisTransportOptions::new(url().await).durable(true))
}

/// Waits until nothing is pending for the group and nothing of the stream is
/// unread.
async fn until_acknowledged(peer: &mut Peer, stream: &str, group: &str) {
    let acknowledged = async {
        loop {
            let pending: (usize, Value0, Value0, Value0) =
                peer.ask(&format!("XPENDING {stream} {group}")).await;
            if pending.0 == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, acknowledged)
        .await
        .expect("all is acknowledged");
}

type Value0 = nestrs_transport_redis::redis::Value;

/// The entries of a stream, as the pairs of their fields.
async fn entries(peer: &mut Peer, stream: &str) -> Vec<(String, Vec<String>)> {
    peer.ask(&format!("XRANGE {stream} - +")).await
}

#[tokio::test]
async fn replicas_share_and_services_do_not() {
    let prefix = unique("t");
    let mut servers = Vec::new();
    for group in ["orders", "orders", "audit"] {
        servers.push(Server::with(options(group).await, &prefix, &["event"]).await);
    }
    let (client, route) = (client().await, format!("{prefix}.event"));
    let sent = (0..200).map(|n| client.emit_json(&route, json!(n)));
    assert!(join_all(sent).await.iter().all(Result::is_ok));
    let mut audited = Vec::new();
    for _ in 0..200 {
        audited.push(servers[2].event().await);
    }
    let mut peer = Peer::new(url().await).await;
    let stream = format!("nestrs:events:{route}");
    until_acknowledged(&mut peer, &stream, "orders").await;
    until_acknowledged(&mut peer, &stream, "audit").await;
    let mut handled = Vec::new();
    for mut server in servers.drain(..2) {
        while let Ok(event) = server.events.try_recv() {
            handled.push(event);
        }
        server.stop().await;
    }
    for seen in [audited, handled] {
        let counts = counted(seen);
        assert_eq!(counts.len(), 200);
        assert!(counts.values().all(|count| *count == 1), "{counts:?}");
    }
}

#[tokio::test]
async fn an_event_waits_for_a_server_to_be_there() {
    let prefix = unique("t");
    Server::with(options("g").await, &prefix, &["event"])
        .await
        .stop()
        .await;
    let (client, route) = (client().await, format!("{prefix}.event"));
    client
        .emit(Outgoing::new(&route, "1").header("tenant", "acme"))
        .await
        .unwrap();
    let mut server = Server::with(options("g").await, &prefix, &["event"]).await;
    assert_eq!(server.event().await, json!(1));
    // Who stopped in good order left nothing behind.
    let mut peer = Peer::new(url().await).await;
    let members: Vec<Value0> = peer
        .ask(&format!("XINFO CONSUMERS nestrs:events:{route} g"))
        .await;
    assert_eq!(members.len(), 1);
}

#[tokio::test]
async fn an_event_that_fails_is_tried_again() {
    let mut server = Server::with(options("g").await, &unique("t"), &["flaky"]).await;
    server.failures.store(2, Ordering::SeqCst);
    let route = server.route("flaky");
    client().await.emit_json(&route, json!("x")).await.unwrap();
    for attempt in 1..=3 {
        assert_eq!(
            server.event().await,
            json!({ "data": "x", "attempt": attempt })
        );
    }
    let mut peer = Peer::new(url().await).await;
    until_acknowledged(&mut peer, &format!("nestrs:events:{route}"), "g").await;
    assert_eq!(
        entries(&mut peer, &format!("nestrs:dead:{route}")).await,
        []
    );
}

#[tokio::test]
async fn one_that_fails_too_often_is_given_up() {
    let mut server = Server::with(options("g").await, &unique("t"), &["flaky", "missing"]).await;
    server.failures.store(100, Ordering::SeqCst);
    let route = server.route("flaky");
    client().await.emit_json(&route, json!("x")).await.unwrap();
    for _ in 1..=3 {
        server.event().await;
    }
    let mut peer = Peer::new(url().await).await;
    let stream = format!("nestrs:events:{route}");
    until_acknowledged(&mut peer, &stream, "g").await;
    let original = entries(&mut peer, &stream).await[0].0.clone();
    let dead = entries(&mut peer, &format!("nestrs:dead:{route}")).await;
    let packet = format!(r#"{{"pattern":"{route}","data":"x"}}"#);
    let fields = [
        "packet", &packet, "group", "g", "id", &original, "attempts", "3", "error", "flaky",
    ];
    assert_eq!(dead[0].1, fields);
    assert_eq!(dead.len(), 1);

    // What nobody handles is given up at once.
    let route = server.route("missing");
    client().await.emit_json(&route, json!("x")).await.unwrap();
    let stream = format!("nestrs:dead:{route}");
    let buried = async {
        while entries(&mut peer, &stream).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, buried).await.unwrap();
    assert!(
        entries(&mut peer, &stream).await[0]
            .1
            .contains(&"1".to_owned())
    );
}

#[tokio::test]
async fn an_entry_that_makes_no_sense_is_given_up_between_good_ones() {
    let mut server = Server::with(options("g").await, &unique("t"), &["event"]).await;
    let (client, route) = (client().await, server.route("event"));
    let stream = format!("nestrs:events:{route}");
    let mut peer = Peer::new(url().await).await;
    client.emit_json(&route, json!(1)).await.unwrap();
    let _: String = peer.ask(&format!("XADD {stream} * packet {{")).await;
    let _: String = peer.ask(&format!("XADD {stream} * other field")).await;
    client.emit_json(&route, json!(2)).await.unwrap();
    let mut seen = vec![server.event().await, server.event().await];
    seen.sort_by_key(Value::as_u64);
    assert_eq!(seen, [json!(1), json!(2)]);
    until_acknowledged(&mut peer, &stream, "g").await;
    assert_eq!(
        entries(&mut peer, &format!("nestrs:dead:{route}"))
            .await
            .len(),
        2
    );
}

#[tokio::test]
async fn what_a_dead_server_had_in_hand_is_taken_over_and_what_is_slow_is_not() {
    let prefix = unique("t");
    let dying = Server::with(options("g").await, &prefix, &["gated"]).await;
    let (client, route) = (client().await, format!("{prefix}.gated"));
    client.emit_json(&route, json!("x")).await.unwrap();
    dying.until_started(1).await;
    let mut heir = Server::with(options("g").await, &prefix, &["gated"]).await;
    // Its server says that it is in hand, for several times as long as it may rest.
    tokio::time::sleep(5 * REST).await;
    assert_eq!(heir.started.load(Ordering::SeqCst), 0);
    dying.shutdown.abort();
    heir.until_started(1).await;
    heir.gate.add_permits(1);
    assert_eq!(heir.event().await, json!("x"));
    let mut peer = Peer::new(url().await).await;
    until_acknowledged(&mut peer, &format!("nestrs:events:{route}"), "g").await;
}

#[tokio::test]
async fn what_was_not_begun_at_a_stop_is_anothers_at_once() {
    let prefix = unique("t");
    let patient = |options: RedisMicroserviceOptions| {
        let mut options = options.max_in_flight(1);
        options.durable_options.retry_after = Duration::from_secs(60);
        options
    };
    let stopping = Server::with(patient(options("g").await), &prefix, &["gated"]).await;
    let (client, route) = (client().await, format!("{prefix}.gated"));
    for n in 0..3 {
        client.emit_json(&route, json!(n)).await.unwrap();
    }
    stopping.until_started(1).await;
    stopping.shutdown.stop();
    stopping.gate.add_permits(1);
    stopping.stop().await;
    // They look as if they had rested for a minute already.
    let mut next = Server::with(patient(options("g").await), &prefix, &["gated"]).await;
    next.gate.add_permits(10);
    let mut seen = vec![next.event().await, next.event().await];
    seen.sort_by_key(Value::as_u64);
    assert_eq!(seen, [json!(1), json!(2)]);
}

#[tokio::test]
async fn requests_and_published_events_reach_a_durable_server_too() {
    let mut server = Server::with(options("g").await, &unique("t"), &["echo", "event"]).await;
    let client = common::client().await;
    assert_eq!(
        client.send_json(&server.route("echo"), json!(1)).await,
        Ok(json!(1))
    );
    client
        .emit_json(&server.route("event"), json!(2))
        .await
        .unwrap();
    assert_eq!(server.event().await, json!(2));
}

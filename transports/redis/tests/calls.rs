//! Calls from our client to our server.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Server, client, unique, url};
use futures_util::StreamExt;
use futures_util::future::join_all;
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_redis::{
    RedisMicroserviceOptions, RedisTransport, RedisTransportOptions, redis,
};
use serde_json::{Value, json};

#[tokio::test]
async fn requests_events_and_streams_arrive_and_are_answered() {
    let mut server = Server::start(&["echo", "nothing", "fail", "stream", "event"]).await;
    let client = client().await;
    let echo = server.route("echo");
    for payload in [json!({ "a": ["é😀", 1.5, null] }), json!(""), json!(null)] {
        assert_eq!(client.send_json(&echo, payload.clone()).await, Ok(payload));
    }
    let nothing = server.route("nothing");
    assert_eq!(client.send(Outgoing::new(&nothing, "1")).await, Ok(None));
    let error = client
        .send_json(&server.route("fail"), json!(1))
        .await
        .unwrap_err();
    assert_eq!(error.message, "boom");

    let route = server.route("stream");
    let numbers: Vec<_> = (0..1_000).collect();
    let replies = client.send_stream(Outgoing::new(&route, json!(numbers).to_string()));
    let replies: Vec<_> = replies
        .await
        .unwrap()
        .map(|item| item.unwrap())
        .collect()
        .await;
    let replies: Vec<u32> = replies
        .iter()
        .map(|item| serde_json::from_slice(item).unwrap())
        .collect();
    assert_eq!(replies, numbers);

    client
        .emit_json(&server.route("event"), json!(7))
        .await
        .unwrap();
    assert_eq!(server.event().await, json!(7));
    server.stop().await;
}

#[tokio::test]
async fn many_at_once_are_matched_to_their_callers() {
    let server = Server::start(&["echo"]).await;
    let (client, echo) = (client().await, server.route("echo"));
    let calls = (0..2_000).map(|n| client.send_json(&echo, json!(n)));
    let replies = join_all(calls).await;
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply, Ok(json!(n)));
    }
}

#[tokio::test]
async fn two_clients_of_a_pattern_get_their_own_replies() {
    let server = Server::start(&["echo"]).await;
    let (one, other) = (client().await, client().await);
    let echo = server.route("echo");
    for n in 0..100 {
        let calls = (
            one.send_json(&echo, json!(n)),
            other.send_json(&echo, json!(-n)),
        );
        assert_eq!(
            tokio::join!(calls.0, calls.1),
            (Ok(json!(n)), Ok(json!(-n)))
        );
    }
}

#[tokio::test]
async fn a_megabyte_there_and_back() {
    let server = Server::start(&["echo"]).await;
    let long = Value::from("0123456789abcdé😀".repeat(1 << 16));
    let reply = client()
        .await
        .send_json(&server.route("echo"), long.clone())
        .await;
    assert_eq!(reply, Ok(long));
}

#[tokio::test]
async fn what_nobody_handles_fails_at_once() {
    let start = Instant::now();
    let error = client()
        .await
        .send_json(&unique("nobody"), json!(1))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHandler, "{error}");
    assert!(error.message.contains("nobody"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_handler_sees_where_a_message_came_from() {
    let server = Server::start(&["context"]).await;
    let route = server.route("context");
    let message = Outgoing::new(&route, "1").header("tenant", "acmé");
    let seen = client().await.send(message).await.unwrap().unwrap();
    let seen: Value = serde_json::from_slice(&seen).unwrap();
    assert_eq!(
        seen,
        json!({
            "transport": "redis",
            "headers": { "tenant": "acmé" },
            "hasDeadline": true,
            "channel": route,
            "subscribed": null,
            "route": route,
        })
    );
}

#[tokio::test]
async fn a_call_that_is_given_up_stops_its_handler() {
    let server = Server::start(&["gated", "endless"]).await;
    let client = client().await;
    let (gated, endless) = (server.route("gated"), server.route("endless"));
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send_json(&gated, json!(1)).await }
    });
    server.until_started(1).await;
    call.abort();
    server.until_one_is_over().await;

    let replies = client
        .send_stream(Outgoing::new(&endless, "1"))
        .await
        .unwrap();
    server.until_started(2).await;
    assert_eq!(server.over.available_permits(), 0);
    drop(replies);
    server.until_one_is_over().await;

    let gated = server.route("gated");
    let late = Outgoing::new(&gated, "1").timeout(Duration::from_millis(50));
    assert_eq!(
        client.send(late).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    server.until_one_is_over().await;
}

#[tokio::test]
async fn no_more_are_in_hand_than_the_limit_says_and_none_is_lost() {
    let prefix = unique("t");
    let options = RedisMicroserviceOptions::new(url().await).max_in_flight(3);
    let server = Server::with(options, &prefix, &["gated"]).await;
    let (client, gated) = (client().await, server.route("gated"));
    let calls = (0..50).map(|n| client.send_json(&gated, json!(n)));
    let all = join_all(calls);
    let watch = async {
        server.until_started(3).await;
        for released in 1..=50 {
            assert!(server.started.load(std::sync::atomic::Ordering::SeqCst) <= 2 + released);
            server.gate.add_permits(1);
            server.until_one_is_over().await;
        }
    };
    let (replies, ()) = tokio::join!(all, watch);
    assert!(replies.iter().all(Result::is_ok));
}

#[tokio::test]
async fn what_is_in_hand_is_finished_and_nothing_else_is_begun() {
    let server = Server::start(&["gated"]).await;
    let (client, gated) = (client().await, server.route("gated"));
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let (client, gated) = (client.clone(), gated.clone());
            tokio::spawn(async move { client.send_json(&gated, json!(n)).await })
        })
        .collect();
    server.until_started(200).await;
    server.shutdown.stop();
    // Once nobody is subscribed any more, a call fails at once.
    let too_late = async {
        loop {
            let message = Outgoing::new(&gated, "1").timeout(Duration::from_millis(100));
            let error = client.send(message).await.unwrap_err();
            if error.kind() == ErrorKind::NoHandler {
                break;
            }
        }
    };
    tokio::time::timeout(common::SOON, too_late).await.unwrap();
    assert_eq!(
        server.started.load(std::sync::atomic::Ordering::SeqCst),
        200
    );
    server.gate.add_permits(1_000);
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(json!(n)));
    }
    server.stop().await;
}

#[tokio::test]
async fn what_waits_for_its_turn_at_a_stop_is_handled() {
    // With more of them than the driver reads ahead, and with less.
    for (count, size) in [(20, 1), (200, 8_000)] {
        let prefix = unique("t");
        let options = RedisMicroserviceOptions::new(url().await).max_in_flight(1);
        let server = Server::with(options, &prefix, &["gated"]).await;
        let (client, gated) = (client().await, server.route("gated"));
        let calls: Vec<_> = (0..count)
            .map(|n| {
                let (client, gated) = (client.clone(), gated.clone());
                let payload = json!([n, "x".repeat(size)]);
                tokio::spawn(async move { client.send_json(&gated, payload).await })
            })
            .collect();
        server.until_started(1).await;
        // All of them have left before anybody else's answer is there.
        let nobody = client.send_json(&unique("nobody"), json!(1)).await;
        assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NoHandler);
        server.shutdown.stop();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.gate.add_permits(count);
        for (n, call) in calls.into_iter().enumerate() {
            let answer = tokio::time::timeout(common::SOON, call).await.unwrap();
            assert_eq!(answer.unwrap().unwrap()[0], json!(n));
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_client_may_be_closed_and_used_again() {
    let server = Server::start(&["echo", "gated"]).await;
    let (client, echo) = (client().await, server.route("echo"));
    assert!(client.driver().is_none());
    client.connect().await.unwrap();
    let driver = client.driver().unwrap();
    let mut driver = driver
        .downcast_ref::<redis::aio::MultiplexedConnection>()
        .unwrap()
        .clone();
    let pong: String = redis::cmd("PING").query_async(&mut driver).await.unwrap();
    assert_eq!(pong, "PONG");
    assert_eq!(client.send_json(&echo, json!(1)).await, Ok(json!(1)));

    let waiting = tokio::spawn({
        let (client, gated) = (client.clone(), server.route("gated"));
        async move { client.send_json(&gated, json!(1)).await }
    });
    server.until_started(2).await;
    client.close().await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(client.send_json(&echo, json!(2)).await, Ok(json!(2)));
}

#[test]
fn a_client_outlives_the_runtime_it_was_used_in() {
    let options = RedisTransportOptions::default();
    let client = RedisTransport::new(options);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    // The broker's process belongs to the first of them.
    let keep = runtime();
    let url = keep.block_on(url());
    let client = {
        drop(client);
        RedisTransport::new(RedisTransportOptions::new(url))
    };
    for n in 0..2 {
        runtime().block_on(async {
            let server = Server::start(&["echo"]).await;
            let reply = client.send_json(&server.route("echo"), json!(n)).await;
            assert_eq!(reply, Ok(json!(n)));
        });
    }
}

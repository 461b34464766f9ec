//! Connections that are lost, Redis that is not there, and how long that is
//! noticed.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{SOON, Server, unique, until};
use futures_util::future::join_all;
use nestrs_brokers::{Broker, Proxy};
use nestrs_core::{
    Answer, ClientStatus, Dispatch, ErrorKind, Message, Shutdown, StartError, Transport,
    TransportServer,
};
use nestrs_transport_redis::{RedisMicroserviceOptions, RedisTransport, RedisTransportOptions};
use serde_json::json;

struct Nothing;

impl Dispatch for Nothing {
    fn dispatch(&self, _: Message) -> nestrs_core::dispatch::BoxFuture<'static, Answer> {
        Box::pin(async { Answer::Silent })
    }
    fn routes(&self) -> Vec<String> {
        vec![unique("nothing")]
    }
}

fn client(url: &str) -> RedisTransport {
    RedisTransport::new(RedisTransportOptions::new(url))
}

/// A server and a client, each by a way of its own that can be broken.
async fn apart(names: &[&str]) -> (Server, Proxy, RedisTransport, Proxy) {
    let at = common::url()
        .await
        .trim_start_matches("redis://")
        .parse()
        .unwrap();
    let (theirs, ours) = (
        Proxy::start(at).await.unwrap(),
        Proxy::start(at).await.unwrap(),
    );
    let url = |proxy: &Proxy| format!("redis://{}", proxy.address());
    let options = RedisMicroserviceOptions::new(url(&theirs));
    let server = Server::with(options, &unique("t"), names).await;
    let client = client(&url(&ours));
    (server, theirs, client, ours)
}

#[tokio::test]
async fn a_lost_connection_is_back_within_two_seconds_on_both_sides() {
    let (mut server, theirs, client, ours) = apart(&["echo", "event"]).await;
    let (echo, event) = (server.route("echo"), server.route("event"));
    assert_eq!(client.send_json(&echo, json!(0)).await, Ok(json!(0)));
    let mut status = client.status();
    until(&mut status, ClientStatus::Connected).await;
    until(&mut server.status, ClientStatus::Connected).await;
    for (n, break_it) in [Proxy::cut, Proxy::reset, Proxy::halve]
        .into_iter()
        .enumerate()
    {
        let start = Instant::now();
        break_it(&theirs);
        break_it(&ours);
        // One that was halved ends with the next bytes.
        let _ = client.send_json(&echo, json!("lost")).await;
        let _ = client.emit_json(&event, json!("lost")).await;
        if n == 2 {
            continue;
        }
        until(&mut server.status, ClientStatus::Connected).await;
        until(&mut status, ClientStatus::Connected).await;
        for n in 0..5 {
            assert_eq!(client.send_json(&echo, json!(n)).await, Ok(json!(n)));
        }
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn what_waits_for_a_reply_that_cannot_come_fails_at_once() {
    let (server, _theirs, client, ours) = apart(&["gated"]).await;
    let gated = server.route("gated");
    let calls = (0..10).map(|n| client.send_json(&gated, json!(n)));
    let cut = async {
        server.until_started(10).await;
        ours.cut();
        Instant::now()
    };
    let (replies, since) = tokio::join!(join_all(calls), cut);
    assert!(since.elapsed() < Duration::from_secs(1));
    for reply in replies {
        assert_eq!(reply.unwrap_err().kind(), ErrorKind::ConnectionClosed);
    }
}

#[tokio::test]
async fn a_reply_waits_for_the_servers_next_connection() {
    let (server, theirs, client, _ours) = apart(&["gated"]).await;
    let gated = server.route("gated");
    let call = tokio::spawn(async move { client.send_json(&gated, json!("kept")).await });
    server.until_started(1).await;
    theirs.refuse().await;
    theirs.cut();
    let mut status = server.status;
    until(&mut status, ClientStatus::Reconnecting).await;
    server.gate.add_permits(1);
    theirs.accept().await;
    assert_eq!(call.await.unwrap(), Ok(json!("kept")));
}

#[tokio::test]
async fn a_restarted_redis_has_all_subscriptions_back() {
    let mut broker = Broker::redis().start().await.unwrap();
    let options = RedisMicroserviceOptions::new(broker.url());
    let mut server = Server::with(options, "t", &["echo", "event", "fail"]).await;
    let client = client(&broker.url());
    let mut status = client.status();
    client.connect().await.unwrap();
    broker.kill();
    until(&mut status, ClientStatus::Reconnecting).await;
    until(&mut server.status, ClientStatus::Reconnecting).await;
    broker.restart().await.unwrap();
    let start = Instant::now();
    until(&mut server.status, ClientStatus::Connected).await;
    assert_eq!(client.send_json("t.echo", json!(1)).await, Ok(json!(1)));
    assert_eq!(
        client
            .send_json("t.fail", json!(1))
            .await
            .unwrap_err()
            .message,
        "boom"
    );
    client.emit_json("t.event", json!(2)).await.unwrap();
    assert_eq!(server.event().await, json!(2));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_server_waits_for_redis_to_be_there() {
    let mut broker = Broker::redis().later().unwrap();
    let url = broker.url();
    let starting = tokio::spawn(async move {
        Server::with(RedisMicroserviceOptions::new(url), "t", &["echo"]).await
    });
    let client = client(&broker.url());
    broker.restart().await.unwrap();
    let server = tokio::time::timeout(SOON, starting).await.unwrap().unwrap();
    assert_eq!(server.address, broker.url());
    assert_eq!(client.send_json("t.echo", json!(1)).await, Ok(json!(1)));
}

#[tokio::test]
async fn who_waited_long_enough_is_told_where_and_why() {
    let broker = Broker::redis().later().unwrap();
    let short = Duration::from_millis(100);
    let url = broker.url().replace("redis://", "redis://user:secret@");
    let options = RedisMicroserviceOptions::new(&url).connect_timeout(short);
    let start = Box::new(options).start(std::sync::Arc::new(Nothing), Shutdown::new());
    let error = start.await.unwrap_err();
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    let options = RedisTransportOptions::new(&url).connect_timeout(short);
    let call = RedisTransport::new(options);
    let call = call.send_json("t.echo", json!(1)).await.unwrap_err();
    assert_eq!(call.kind(), ErrorKind::Connect);
    for error in [error.to_string(), call.to_string()] {
        assert!(
            error.contains(&broker.url()) && error.contains("refused"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_start_that_is_stopped_ends() {
    let broker = Broker::redis().later().unwrap();
    let shutdown = Shutdown::new();
    let start = Box::new(RedisMicroserviceOptions::new(broker.url()));
    let starting = tokio::spawn(start.start(std::sync::Arc::new(Nothing), shutdown.clone()));
    shutdown.stop();
    let error = tokio::time::timeout(SOON, starting).await.unwrap().unwrap();
    assert!(error.unwrap_err().to_string().contains("stopping"));
}

#[tokio::test]
async fn a_paused_redis_goes_on_where_it_was() {
    let broker = Broker::redis().start().await.unwrap();
    let options = RedisMicroserviceOptions::new(broker.url());
    let server = Server::with(options, "t", &["echo"]).await;
    let client = client(&broker.url());
    client.send_json("t.echo", json!(0)).await.unwrap();
    broker.pause().unwrap();
    let calls = join_all((0..10).map(|n| client.send_json("t.echo", json!(n))));
    let resume = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        broker.resume().unwrap();
    };
    let (replies, ()) = tokio::join!(calls, resume);
    for (n, reply) in replies.into_iter().enumerate() {
        assert_eq!(reply, Ok(json!(n)));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_redis_that_is_gone_or_says_nothing() {
    let mut gone = Broker::redis().start().await.unwrap();
    let silent = Broker::redis().start().await.unwrap();
    let server = |broker: &Broker| {
        let options = RedisMicroserviceOptions::new(broker.url());
        async move { Server::with(options, "t", &["echo"]).await }
    };
    let mut without = server(&gone).await;
    gone.kill();
    until(&mut without.status, ClientStatus::Reconnecting).await;
    let start = Instant::now();
    without.stop().await;
    assert!(start.elapsed() < Duration::from_secs(1));

    let unanswered = server(&silent).await;
    silent.pause().unwrap();
    let start = Instant::now();
    unanswered.stop().await;
    assert!(start.elapsed() < Duration::from_secs(8));
    silent.resume().unwrap();
}

/// The time this thread has computed for.
fn computed() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos = stat.split(' ').next().unwrap().parse().unwrap();
    Duration::from_nanos(nanos)
}

#[tokio::test(flavor = "current_thread")]
async fn while_redis_is_away_next_to_nothing_is_computed() {
    let mut broker = Broker::redis().start().await.unwrap();
    let options = RedisMicroserviceOptions::new(broker.url());
    let mut server = Server::with(options, "t", &["echo"]).await;
    let client = client(&broker.url());
    client.connect().await.unwrap();
    broker.kill();
    until(&mut server.status, ClientStatus::Reconnecting).await;
    let (start, before) = (Instant::now(), computed());
    tokio::time::sleep(Duration::from_secs(3)).await;
    let share = (computed() - before).as_secs_f64() / start.elapsed().as_secs_f64();
    println!("{:.2} % of a processor", share * 100.0);
    assert!(share < 0.01, "{:.2} %", share * 100.0);
}

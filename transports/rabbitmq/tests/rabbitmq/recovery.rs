//! Connections that are lost, and brokers.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use nestrs_brokers::{Broker, Proxy};
use nestrs_core::{ClientStatus, ErrorKind, StatusStream, Transport};
use nestrs_transport_rabbitmq::{
    RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport, RabbitMqTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{SOON, Server, soon, unique, until, url};

/// How soon both sides have to be back.
const BACK: Duration = Duration::from_secs(2);

async fn proxy() -> Proxy {
    let address = url().await.strip_prefix("amqp://").unwrap();
    Proxy::start(address.parse().unwrap()).await.unwrap()
}

fn by(proxy: &Proxy) -> String {
    format!("amqp://{}", proxy.address())
}

/// Sends until it is answered.
async fn until_answered(client: &RabbitMqTransport) {
    let answered = async { while client.send_json("echo", json!("alive")).await.is_err() {} };
    soon("an answer", answered).await;
}

#[tokio::test]
async fn a_lost_connection_is_made_again_on_both_sides() {
    let (to_server, to_client) = (proxy().await, proxy().await);
    let routing = RabbitMqRouting::queue(unique("lost"));
    let options = RabbitMqMicroserviceOptions::new(by(&to_server)).routing(routing.clone());
    let mut server = Server::start(options, &["echo", "gated"]).await;
    let options = RabbitMqTransportOptions::new(by(&to_client)).routing(routing);
    let client = RabbitMqTransport::new(options);
    let mut status = client.status();
    until(&mut status, ClientStatus::Disconnected).await;
    until_answered(&client).await;
    until(&mut status, ClientStatus::Connected).await;
    until(&mut server.status, ClientStatus::Connected).await;

    for reset in [false, true] {
        let pending = tokio::spawn({
            let client = client.clone();
            async move { client.send_json("gated", json!(1)).await }
        });
        server
            .journal
            .until("the call", |begun| begun.iter().any(|n| n == 1))
            .await;
        server.journal.begun.send_modify(Vec::clear);
        let begin = Instant::now();
        for proxy in [&to_server, &to_client] {
            if reset { proxy.reset() } else { proxy.cut() }
        }
        let error = soon("an error", pending).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
        tokio::join!(are_back(&mut status), are_back(&mut server.status));
        until_answered(&client).await;
        assert!(begin.elapsed() < BACK, "{:?}", begin.elapsed());
        // The call that was in hand is delivered again; so nothing is settled twice.
        server
            .journal
            .until("it again", |begun| begun.iter().any(|n| n == 1))
            .await;
        server.journal.gate.add_permits(2);
        server.journal.until_over().await;
        server.journal.until_over().await;
        server.journal.begun.send_modify(Vec::clear);
    }
    server.stop().await;
}

async fn are_back(status: &mut StatusStream) {
    until(status, ClientStatus::Reconnecting).await;
    until(status, ClientStatus::Connected).await;
}

/// Sends events of these numbers, each until it is confirmed.
async fn send_events(client: RabbitMqTransport, numbers: std::ops::Range<u64>) {
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..IN_FLIGHT {
        let (client, numbers) = (client.clone(), numbers.clone());
        senders.spawn(async move {
            for n in numbers.filter(|n| n % IN_FLIGHT == sender) {
                while client.emit_json("seen", json!(n)).await.is_err() {}
            }
        });
    }
    senders.join_all().await;
}

const IN_FLIGHT: u64 = 64;
const PREFETCH: u16 = 64;

/// A broker, a server and a client of one durable queue.
async fn durable() -> (Broker, Server, RabbitMqTransport) {
    let broker = Broker::rabbitmq().start().await.unwrap();
    let routing = RabbitMqRouting::queue("durable");
    let options = RabbitMqMicroserviceOptions::new(broker.url()).routing(routing.clone());
    let server = Server::start(options.prefetch(PREFETCH), &["seen"]).await;
    let options = RabbitMqTransportOptions::new(broker.url()).routing(routing);
    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        connect_timeout: Duration::from_secs(90),
        request_timeout: Duration::from_secs(90),
        ..options
    });
    (broker, server, client)
}

#[tokio::test]
async fn no_event_is_lost_with_a_broker_that_is_killed_at_a_third_or_at_half() {
    const EVENTS: u64 = 10_000;
    for part in [3, 2] {
        let (mut broker, server, client) = durable().await;
        let sending = tokio::spawn(send_events(client, 0..EVENTS));
        let handled = |count: usize| move |begun: &Vec<Value>| begun.len() >= count;
        let killed_at = (EVENTS / part) as usize;
        patiently(
            "a part is handled",
            server.journal.reach(handled(killed_at)),
        )
        .await;
        broker.kill();
        broker.restart().await.unwrap();
        patiently("all are confirmed", sending).await.unwrap();
        let all = |begun: &Vec<Value>| begun.len() as u64 >= EVENTS && distinct(begun) == EVENTS;
        patiently("all are handled", server.journal.reach(all)).await;
        server.stop().await;
    }
}

/// How many of them there are, each counted once.
fn distinct(begun: &[Value]) -> u64 {
    let seen: HashSet<_> = begun.iter().filter_map(Value::as_u64).collect();
    seen.len() as u64
}

/// For thousands of messages that are written to disk.
async fn patiently<T>(what: &str, wanted: impl Future<Output = T>) -> T {
    let wanted = tokio::time::timeout(6 * SOON, wanted).await;
    wanted.unwrap_or_else(|_| panic!("{what} within {:?}", 6 * SOON))
}

#[tokio::test]
async fn what_a_broker_that_is_stopped_delivers_again_was_in_flight() {
    const EVENTS: u64 = 400;
    let (mut broker, server, client) = durable().await;
    let sending = tokio::spawn(send_events(client, 0..EVENTS));
    server.journal.until_begun(200).await;
    broker.restart().await.unwrap();
    patiently("all are confirmed", sending).await.unwrap();
    let all = |begun: &Vec<Value>| distinct(begun) == EVENTS;
    let seen = server.journal.until("all are handled", all).await;
    // Senders send again what was in flight, too.
    let twice = seen.len() as u64 - EVENTS;
    assert!(twice <= IN_FLIGHT + u64::from(PREFETCH), "{twice}");
    server.stop().await;
}

#[tokio::test]
async fn a_broker_that_comes_later_is_waited_for() {
    let mut broker = Broker::rabbitmq().later().unwrap();
    let routing = RabbitMqRouting::queue("later");
    let options = RabbitMqMicroserviceOptions {
        connect_timeout: Duration::from_secs(90),
        ..RabbitMqMicroserviceOptions::new(broker.url()).routing(routing.clone())
    };
    let starting = tokio::spawn(async move { Server::start(options, &["echo"]).await });
    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        connect_timeout: Duration::from_secs(90),
        request_timeout: Duration::from_secs(90),
        ..RabbitMqTransportOptions::new(broker.url()).routing(routing)
    });
    let call = tokio::spawn(async move { client.send_json("echo", json!(1)).await });
    broker.restart().await.unwrap();
    let server = soon("the server starts", starting).await.unwrap();
    assert_eq!(
        soon("the call is answered", call).await.unwrap().unwrap(),
        1
    );
    assert_eq!(server.address, broker.url());

    // A stop does not wait for a broker that is gone.
    let mut status = server.status;
    broker.kill();
    until(&mut status, ClientStatus::Reconnecting).await;
    let begin = Instant::now();
    server.shutdown.stop();
    soon("the server stops", server.done).await.unwrap();
    assert!(begin.elapsed() < SOON / 4);
}

#[tokio::test]
async fn a_queue_that_is_deleted_is_declared_again() {
    let queue = unique("deleted");
    let routing = RabbitMqRouting::queue(&queue);
    let options = RabbitMqMicroserviceOptions::new(url().await).routing(routing.clone());
    let mut server = Server::start(options, &["echo"]).await;
    until(&mut server.status, ClientStatus::Connected).await;
    let client = RabbitMqTransportOptions::new(url().await).routing(routing);
    let client = RabbitMqTransport::new(client);
    until_answered(&client).await;
    let raw = crate::common::Raw::connect().await;
    raw.channel
        .queue_delete(queue.as_str().into(), Default::default())
        .await
        .unwrap();
    until(&mut server.status, ClientStatus::Reconnecting).await;
    until_answered(&client).await;
}

//! Requests and events from our client to our server.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_rabbitmq::lapin::{BasicProperties, Connection};
use nestrs_transport_rabbitmq::{
    RabbitMqMicroserviceOptions, RabbitMqQueueOptions, RabbitMqRecord, RabbitMqRouting,
    RabbitMqTransport, RabbitMqTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{Raw, Server, client_options, pair, server_options, soon, unique};

#[tokio::test]
async fn many_calls_at_once_find_their_replies() {
    let (_server, client, _) = pair(|options| options, &["echo"]).await;
    let call = |n: u64| {
        let client = client.clone();
        tokio::spawn(async move { (n, client.send_json("echo", json!({ "n": n })).await) })
    };
    let calls: Vec<_> = (0..500).map(call).collect();
    for call in calls {
        let (n, reply) = soon("a reply", call).await.unwrap();
        assert_eq!(reply.unwrap(), json!({ "n": n }));
    }
}

#[tokio::test]
async fn a_stream_comes_in_order_and_ends() {
    let (_server, client, _) = pair(|options| options, &["stream"]).await;
    let replies = client
        .send_stream(Outgoing::new("stream", "null"))
        .await
        .unwrap();
    let replies: Vec<_> = soon("the end", replies.map(Result::unwrap).collect()).await;
    assert_eq!(replies, ["1", "2"]);
}

#[tokio::test]
async fn handlers_see_headers_records_and_deadlines() {
    let max_priority = Some(9);
    let (_server, client, queue) = pair(
        |options| {
            options.queue(RabbitMqQueueOptions {
                max_priority,
                ..Default::default()
            })
        },
        &["context"],
    )
    .await;
    let record = RabbitMqRecord {
        priority: Some(3),
        ..Default::default()
    };
    let message = Outgoing::new("context", "null")
        .header("tenant", "acmé")
        .timeout(Duration::from_secs(500))
        .record(record);
    let reply = client.send(message).await.unwrap().unwrap();
    let seen: Value = serde_json::from_slice(&reply).unwrap();
    let expected = json!({
        "transport": "rabbitmq",
        "headers": { "tenant": "acmé" },
        "left": 499,
        "exchange": "",
        "routing_key": queue,
        "redelivered": false,
        "priority": 3,
        "expiration": 500_000,
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_unknown_pattern_fails_at_once_whether_it_is_bound_or_not() {
    let exchange = unique("unbound");
    let routing = RabbitMqRouting::topic(&exchange);
    let server = server_options().await.routing(routing.clone());
    let _server = Server::start(server, &["orders.*"]).await;
    let client = RabbitMqTransport::new(client_options().await.routing(routing));
    let (_other, direct, _) = pair(|options| options, &["echo"]).await;
    for client in [client, direct] {
        let call = client.send_json("no.such", json!(1));
        let error = soon("an answer", call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoHandler, "{error:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_dropped_stops_its_handler() {
    // The very first call too, whose server has not introduced itself yet.
    for _ in 0..5 {
        let (server, client, _) = pair(|options| options, &["gated"]).await;
        let call = tokio::spawn({
            let client = client.clone();
            async move { client.send_json("gated", json!(1)).await }
        });
        server.journal.until_begun(1).await;
        call.abort();
        server.journal.until_over().await;

        let stream = client
            .send_stream(Outgoing::new("gated", "2"))
            .await
            .unwrap();
        server.journal.until_begun(2).await;
        drop(stream);
        server.journal.until_over().await;
    }
}

#[tokio::test]
async fn a_deadline_stops_the_handler_and_acknowledges_the_request() {
    let (server, client, queue) = pair(|options| options, &["gated"]).await;
    client.connect().await.unwrap();
    let message = Outgoing::new("gated", "1").timeout(Duration::from_millis(500));
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    server.journal.until_over().await;
    server.stop().await;
    assert_eq!(Raw::connect().await.count(&queue).await, 0);
}

#[tokio::test]
async fn a_request_that_its_caller_gave_up_is_not_delivered_any_more() {
    let queue = unique("late");
    let client = client_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let client = RabbitMqTransport::new(client);
    client.connect().await.unwrap();
    let message = Outgoing::new("echo", "1").timeout(Duration::from_millis(100));
    assert_eq!(
        client.send(message).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    client.emit_json("echo", json!(2)).await.unwrap();
    let server = server_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let server = Server::start(server, &["echo"]).await;
    assert_eq!(server.journal.until_begun(1).await, [2]);
}

#[tokio::test]
async fn the_limit_is_what_is_too_large() {
    let small = |options: RabbitMqMicroserviceOptions| RabbitMqMicroserviceOptions {
        max_message_size: 1_000,
        ..options
    };
    let (_server, client, queue) = pair(small, &["echo"]).await;
    let just = "x".repeat(950);
    assert_eq!(
        client.send_json("echo", json!(just)).await.unwrap(),
        json!(just)
    );
    let error = client
        .send_json("echo", json!("x".repeat(1_000)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);

    let options = client_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        max_message_size: 100,
        ..options
    });
    let large = json!("x".repeat(100));
    for error in [
        client.send_json("echo", large.clone()).await.unwrap_err(),
        client.emit_json("echo", large).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    }
    assert_eq!(client.send_json("echo", json!(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_megabyte_goes_both_ways() {
    let (_server, client, _) = pair(|options| options, &["echo"]).await;
    let long = json!("0123456789abcdé😀".repeat(1 << 16));
    assert_eq!(client.send_json("echo", long.clone()).await.unwrap(), long);
}

#[tokio::test]
async fn the_driver_is_at_hand_and_close_is_not_the_end() {
    let (_server, client, _) = pair(|options| options, &["echo", "gated"]).await;
    assert!(client.driver().is_none());
    client.connect().await.unwrap();
    let driver = client.driver().unwrap().downcast::<Connection>().unwrap();
    assert!(driver.status().connected());

    let pending = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    _server.journal.until_begun(1).await;
    client.close().await;
    assert!(!driver.status().connected());
    let error = soon("an error", pending).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(client.send_json("echo", json!(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn the_last_clone_takes_the_connection_along() {
    let (_server, client, _) = pair(|options| options, &["echo"]).await;
    client.connect().await.unwrap();
    let driver = {
        let driver = client.driver().unwrap().downcast::<Connection>().unwrap();
        Arc::downgrade(&driver)
    };
    drop(client);
    let gone = async {
        while driver.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    soon("the connection is gone", gone).await;
}

#[tokio::test]
async fn replies_come_to_the_queue_that_is_named() {
    let (requests, replies) = (unique("requests"), unique("replies"));
    let raw = Raw::connect().await;
    raw.declare(&requests).await;
    let routing = RabbitMqRouting::queue(&requests);
    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        reply_queue: Some(replies.clone()),
        connect_timeout: Duration::from_millis(200),
        ..client_options().await.routing(routing.clone())
    });
    let error = client.connect().await.unwrap_err();
    assert!(error.message.contains(&replies), "{error}");

    raw.declare(&replies).await;
    // What another process of this client did not wait for.
    for late in ["1", "2"] {
        let properties = BasicProperties::default().with_correlation_id(late.into());
        let body = r#"{"response":"late","isDisposed":true}"#;
        raw.publish(&replies, body, properties).await;
    }
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("by.hand", json!(1)).await }
    });
    let request = raw.get(&requests).await;
    let reply_to = request.properties.reply_to().as_ref().unwrap();
    assert_eq!(reply_to.as_str(), replies);
    let id = request.properties.correlation_id().clone().unwrap();
    let answer = r#"{"response":"by hand","isDisposed":true}"#;
    let properties = BasicProperties::default().with_correlation_id(id);
    raw.publish(&replies, answer, properties).await;
    assert_eq!(soon("a reply", call).await.unwrap().unwrap(), "by hand");

    let server = server_options().await.routing(routing);
    let server = Server::start(server, &["echo", "gated"]).await;
    let given_up = Outgoing::new("gated", "1").timeout(Duration::from_millis(50));
    client.send(given_up).await.unwrap_err();
    assert_eq!(client.send_json("echo", json!(2)).await.unwrap(), 2);
    server.journal.gate.add_permits(1);
    server.stop().await;
}

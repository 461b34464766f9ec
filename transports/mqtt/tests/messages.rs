//! Requests, events and replies through a real broker.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Handlers, LIMIT, broker, client, serve, served, unique};
use nestrs_brokers::Broker;
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, StartError, Transport, TransportServer};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttRecord, MqttTransport,
    MqttTransportOptions,
};
use serde_json::{Value, json};

/// Servers and clients of either protocol version.
fn protocols() -> [(MqttProtocol, MqttProtocol); 4] {
    use MqttProtocol::{V3, V5};
    [(V3, V3), (V5, V5), (V3, V5), (V5, V3)]
}

async fn at(protocol: MqttProtocol) -> MqttBroker {
    MqttBroker {
        protocol,
        ..MqttBroker::new(broker().await)
    }
}

async fn server_at(protocol: MqttProtocol) -> MqttMicroserviceOptions {
    MqttMicroserviceOptions {
        broker: at(protocol).await,
        ..MqttMicroserviceOptions::default()
    }
}

async fn client_at(protocol: MqttProtocol) -> MqttTransport {
    MqttTransport::new(MqttTransportOptions {
        broker: at(protocol).await,
        ..MqttTransportOptions::default()
    })
}

#[tokio::test]
async fn requests_are_answered_whichever_protocol_either_side_speaks() {
    for (of_server, of_client) in protocols() {
        let prefix = unique("both");
        let topic = |what: &str| format!("{prefix}/{what}");
        let handlers = Handlers::new(["add", "fail", "context"].map(topic));
        let server = serve(server_at(of_server).await, &handlers).await;
        let client = client_at(of_client).await;
        let sum = client
            .send_json(&topic("add"), json!([1, 2, 3]))
            .await
            .unwrap();
        assert_eq!(sum, 6, "{of_server:?} {of_client:?}");
        let error = client
            .send_json(&topic("fail"), json!({}))
            .await
            .unwrap_err();
        assert_eq!(error.message, "boom");
        let context = topic("context");
        let message = Outgoing::new(&context, "1").header("tenant", "acme");
        let seen = client.send(message).await.unwrap().unwrap();
        let seen: Value = serde_json::from_slice(&seen).unwrap();
        assert_eq!(seen["headers"]["tenant"], "acme", "{of_server:?}");
        assert_eq!(seen["left"], true);
        assert_eq!(seen["transport"], "mqtt");
        client.close().await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_stream_comes_in_order_and_ends() {
    use futures_core::Stream;
    for (of_server, of_client) in protocols() {
        let topic = format!("{}/count", unique("stream"));
        let server = serve(server_at(of_server).await, &Handlers::new([&topic])).await;
        let client = client_at(of_client).await;
        let numbers: Vec<_> = (0..500).collect();
        let message = Outgoing::new(&topic, json!(numbers).to_string());
        let mut replies = client.send_stream(message).await.unwrap();
        let mut came = Vec::new();
        while let Some(item) =
            std::future::poll_fn(|cx| Stream::poll_next(replies.as_mut(), cx)).await
        {
            came.push(serde_json::from_slice::<i32>(&item.unwrap()).unwrap());
        }
        assert_eq!(came, numbers);
        server.stop().await;
    }
}

#[tokio::test]
async fn ten_thousand_requests_find_their_callers() {
    let topic = format!("{}/echo", unique("many"));
    let server = served(&Handlers::new([&topic])).await;
    let client = client().await;
    let calls = (0..64).map(|worker| {
        let (client, topic) = (client.clone(), topic.clone());
        tokio::spawn(async move {
            for call in 0..150 {
                let data = json!([worker, call]);
                let came = client.send_json(&topic, data.clone()).await.unwrap();
                assert_eq!(came, data);
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn replicas_share_events_unless_they_are_broadcast() {
    for (broadcast, total) in [(false, 100), (true, 200)] {
        let topic = unique("replicas");
        let handlers = Handlers::new([&topic]).service("orders::App");
        let options = MqttMicroserviceOptions {
            broadcast,
            ..MqttMicroserviceOptions::new(broker().await)
        };
        let replicas = [
            serve(options.clone(), &handlers).await,
            serve(options, &handlers).await,
        ];
        let client = client().await;
        for number in 0..100 {
            client.emit_json(&topic, json!(number)).await.unwrap();
        }
        handlers.handled(total).await;
        for replica in replicas {
            replica.stop().await;
        }
        assert_eq!(
            handlers.seen().len(),
            total as usize,
            "broadcast: {broadcast}"
        );
    }
}

#[tokio::test]
async fn two_services_both_get_an_event() {
    let topic = unique("services");
    let (a, b) = (
        Handlers::new([&topic]).service("a::App"),
        Handlers::new([&topic]).service("b::App"),
    );
    let servers = [served(&a).await, served(&b).await];
    client().await.emit_json(&topic, json!(1)).await.unwrap();
    a.handled(1).await;
    b.handled(1).await;
    for server in servers {
        server.stop().await;
    }
    assert_eq!((a.seen().len(), b.seen().len()), (1, 1));
}

#[tokio::test]
async fn wildcards_get_what_they_stand_for_and_never_replies() {
    let prefix = unique("wild");
    let routes = [
        format!("{prefix}/+/echo"),
        format!("{prefix}/all/#"),
        format!("{prefix}/all/one"),
    ];
    let handlers = Handlers::new(routes);
    let server = served(&handlers).await;
    let client = client().await;
    for (topic, times) in [("7/echo", 1), ("all/x/y", 1), ("all/one", 1)] {
        let topic = format!("{prefix}/{topic}");
        assert_eq!(client.send_json(&topic, json!("hi")).await.unwrap(), "hi");
        let seen = handlers.seen();
        assert_eq!(
            seen.iter().filter(|(at, _)| *at == topic).count(),
            times,
            "{topic}"
        );
    }
    server.stop().await;
    assert_eq!(handlers.seen().len(), 3, "{:?}", handlers.seen());
}

#[tokio::test]
async fn a_pattern_may_name_its_group_as_with_nestjs() {
    let topic = unique("shared");
    let handlers = Handlers::new([format!("$share/workers/{topic}/+")]);
    let servers = [served(&handlers).await, served(&handlers).await];
    let client = client().await;
    assert_eq!(
        client
            .send_json(&format!("{topic}/a"), json!(1))
            .await
            .unwrap(),
        1
    );
    for server in servers {
        server.stop().await;
    }
    assert_eq!(handlers.seen().len(), 1);
}

#[tokio::test]
async fn never_more_in_hand_than_the_limit() {
    let topic = format!("{}/gated", unique("limit"));
    let handlers = Handlers::new([&topic]);
    let options = MqttMicroserviceOptions {
        max_in_flight: 5,
        ..MqttMicroserviceOptions::new(broker().await)
    };
    let server = serve(options, &handlers).await;
    let client = client().await;
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let (client, topic) = (client.clone(), topic.clone());
            tokio::spawn(async move { client.send_json(&topic, json!(number)).await })
        })
        .collect();
    handlers.gate.add_permits(20);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert!(handlers.most.load(Ordering::SeqCst) <= 5);
    server.stop().await;
}

#[tokio::test]
async fn what_waits_for_too_long_a_queue_is_dropped() {
    let topic = format!("{}/gated", unique("flood"));
    let handlers = Handlers::new([&topic]);
    let options = MqttMicroserviceOptions {
        max_in_flight: 10,
        max_queued: 100,
        ..MqttMicroserviceOptions::new(broker().await)
    };
    let server = serve(options, &handlers).await;
    let client = client().await;
    for number in 0..2_000 {
        client.emit_json(&topic, json!(number)).await.unwrap();
    }
    handlers.gate.add_permits(2_000);
    // Another that is answered: everything before it was handled or dropped.
    client.send_json(&topic, json!("last")).await.unwrap();
    server.stop().await;
    assert!(handlers.most.load(Ordering::SeqCst) <= 10);
}

#[tokio::test]
async fn too_large_a_message_is_an_error_of_its_sender() {
    let prefix = unique("large");
    let (large, echo) = (format!("{prefix}/large"), format!("{prefix}/echo"));
    let small = MqttBroker {
        max_packet_size: 4_096,
        ..MqttBroker::new(broker().await)
    };
    let options = MqttMicroserviceOptions {
        broker: small.clone(),
        ..MqttMicroserviceOptions::default()
    };
    let server = serve(options, &Handlers::new([&large, &echo])).await;
    let client = client().await;
    let error = client.send_json(&large, json!(10_000)).await.unwrap_err();
    assert!(error.message.contains("max_packet_size"), "{error}");
    assert_eq!(
        client
            .send_json(&large, json!(3_000))
            .await
            .unwrap()
            .as_str()
            .unwrap()
            .len(),
        3_000
    );
    let client = MqttTransport::new(MqttTransportOptions {
        broker: small,
        ..MqttTransportOptions::default()
    });
    let error = client
        .send_json(&echo, json!("x".repeat(5_000)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    assert_eq!(client.send_json(&echo, json!("x")).await.unwrap(), "x");
    server.stop().await;
}

#[tokio::test]
async fn the_topic_of_a_reply_counts_towards_its_size() {
    let topic = format!("{}/{}/large", unique("long"), "t".repeat(1_000));
    let options = MqttMicroserviceOptions {
        broker: MqttBroker {
            max_packet_size: 4_096,
            ..MqttBroker::new(broker().await)
        },
        ..MqttMicroserviceOptions::default()
    };
    let server = serve(options, &Handlers::new([&topic])).await;
    let client = client().await;
    let error = client.send_json(&topic, json!(3_500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
    let reply = client.send_json(&topic, json!(2_500)).await.unwrap();
    assert_eq!(reply.as_str().unwrap().len(), 2_500);
    server.stop().await;
}

#[tokio::test]
async fn what_travels_beside_a_packet_counts_towards_its_size() {
    let broker = Broker::mosquitto().config("max_packet_size 4096\n");
    let broker = broker.start().await.unwrap();
    let topic = format!("{}/echo", unique("beside"));
    let at = || MqttBroker {
        protocol: MqttProtocol::V5,
        ..MqttBroker::new(broker.url())
    };
    let options = MqttMicroserviceOptions {
        broker: at(),
        ..MqttMicroserviceOptions::default()
    };
    let server = serve(options, &Handlers::new([&topic])).await;
    // Whether it is told of the limit, or the broker tells it.
    for max_packet_size in [4_096, at().max_packet_size] {
        let client = MqttTransport::new(MqttTransportOptions {
            broker: MqttBroker {
                max_packet_size,
                ..at()
            },
            ..MqttTransportOptions::default()
        });
        client.connect().await.unwrap();
        let mut status = client.status();
        assert_eq!(status.next().await, Some(ClientStatus::Connected));
        let beside = |length| MqttRecord {
            user_properties: vec![("note".to_owned(), "x".repeat(length))],
            ..MqttRecord::default()
        };
        let message = Outgoing::new(&topic, "1");
        let request = message.clone().record(beside(4_000));
        let error = client.send(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
        let event = message.clone().record(beside(4_096));
        let error = client.emit(event).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
        let request = message.record(beside(3_000));
        assert_eq!(client.send(request).await.unwrap().unwrap(), "1");
        client.close().await;
        // The connection was there all the time.
        assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_megabyte_and_any_text_arrive_as_they_were() {
    let topic = format!("{}/echo", unique("any"));
    let server = served(&Handlers::new([&topic])).await;
    let client = client().await;
    for data in [
        json!("é\u{1f600}\u{0}\n\"\\"),
        json!(""),
        json!(null),
        json!({ "a": [1.5, null] }),
        json!("x".repeat(1 << 20)),
    ] {
        assert_eq!(client.send_json(&topic, data.clone()).await.unwrap(), data);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_pattern_that_is_no_topic_and_one_that_nobody_answers() {
    let client = client().await;
    for pattern in ["", "a/+", "#"] {
        let error = client.send_json(pattern, json!(1)).await.unwrap_err();
        assert!(error.message.contains("topic"), "{pattern:?}: {error}");
    }
    let pattern = unique("nobody");
    let message = Outgoing::new(&pattern, "1").timeout(Duration::from_millis(50));
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message.contains(&pattern));
}

#[tokio::test]
async fn a_record_says_how_surely_and_what_the_broker_keeps() {
    let topic = unique("kept");
    let client = client().await;
    let record = MqttRecord {
        qos: Some(MqttQos::AtLeastOnce),
        retain: true,
        ..MqttRecord::default()
    };
    client
        .emit(Outgoing::new(&topic, "7").record(record))
        .await
        .unwrap();
    let handlers = Handlers::new([&topic]);
    // A shared subscription gets nothing that was kept.
    let options = MqttMicroserviceOptions {
        broadcast: true,
        ..MqttMicroserviceOptions::new(broker().await)
    };
    let server = serve(options, &handlers).await;
    handlers.handled(1).await;
    assert_eq!(handlers.seen(), [(topic, json!(7))]);
    server.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_hand() {
    let topic = format!("{}/gated", unique("drain"));
    let handlers = Handlers::new([&topic]);
    let server = served(&handlers).await;
    let client = client().await;
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let (client, topic) = (client.clone(), topic.clone());
            tokio::spawn(async move { client.send_json(&topic, json!(number)).await })
        })
        .collect();
    tokio::time::timeout(LIMIT, async {
        while handlers.running.load(Ordering::SeqCst) < 200 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    server.shutdown.stop();
    handlers.gate.add_permits(200);
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap().unwrap(), number);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_what_the_broker_has_handed_over() {
    let topic = format!("{}/gated", unique("handed"));
    let handlers = Handlers::new([&topic]);
    let options = MqttMicroserviceOptions {
        max_in_flight: 1,
        ..MqttMicroserviceOptions::new(broker().await)
    };
    let server = serve(options, &handlers).await;
    let client = MqttTransport::new(MqttTransportOptions {
        qos: MqttQos::AtLeastOnce,
        ..MqttTransportOptions::new(broker().await)
    });
    // More than the broker sends without an acknowledgement.
    for number in 0..50 {
        client.emit_json(&topic, json!(number)).await.unwrap();
    }
    while handlers.running.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // One is in hand; the broker counts on us for the others.
    server.shutdown.stop();
    handlers.gate.add_permits(50);
    server.stop().await;
    assert_eq!(handlers.seen().len(), 50);
}

#[tokio::test]
async fn nonsense_among_the_options_is_named() {
    let options = MqttMicroserviceOptions::new("http://x");
    let handlers = std::sync::Arc::new(Handlers::new(["a"]));
    let error = Box::new(options)
        .start(handlers, nestrs_core::Shutdown::new())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Options { .. }));
    assert!(error.to_string().contains("mqtt://host:port"), "{error}");
    let client = MqttTransport::new(MqttTransportOptions::new("http://x"));
    let error = client.send_json("a", json!(1)).await.unwrap_err();
    assert!(error.message.contains("mqtt://host:port"), "{error}");
}

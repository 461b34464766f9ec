//! How much is in hand, how much waits, and how large a packet may be.

use std::sync::atomic::Ordering;

use nestrs_brokers::Broker;
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, Transport};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttRecord, MqttTransport,
    MqttTransportOptions,
};
use serde_json::json;

use crate::common::{Handlers, broker, client, serve, unique};

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
    // Another, which is not dropped: once it is answered, everything before it was
    // handled or dropped.
    let sure = MqttRecord {
        qos: Some(MqttQos::AtLeastOnce),
        ..MqttRecord::default()
    };
    let last = Outgoing::new(&topic, r#""last""#).record(sure);
    client.send(last).await.unwrap();
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

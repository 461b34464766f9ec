//! Requests, their replies and events.

use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::{ErrorKind, Outgoing, StartError, Transport, TransportServer};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttRecord, MqttTransport,
    MqttTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{Handlers, broker, client, serve, served, unique};

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
async fn one_subscription_stands_for_all_calls_of_a_pattern() {
    let broker = Broker::mosquitto().config("log_type all");
    let broker = broker.start().await.unwrap();
    let topic = format!("{}/echo", unique("once"));
    let options = MqttMicroserviceOptions::new(broker.url());
    let server = serve(options, &Handlers::new([&topic])).await;
    let client = MqttTransport::new(MqttTransportOptions::new(broker.url()));
    for number in 0..20 {
        client.send_json(&topic, json!(number)).await.unwrap();
    }
    client.close().await;
    server.stop().await;
    let log = std::fs::read_to_string(broker.log()).unwrap();
    let subscribed = log.matches("Received SUBSCRIBE").count();
    // The server's, its farewell's, and that of all replies.
    assert_eq!(subscribed, 3, "{log}");
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
async fn nonsense_among_the_options_is_named() {
    let options = MqttMicroserviceOptions::new("http://x");
    let handlers = std::sync::Arc::new(Handlers::new(["a"]));
    let error = Box::new(options)
        .start(handlers, nestrs_core::Shutdown::new())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Options { .. }));
    assert!(error.to_string().contains("mqtt://host:port"), "{error}");
    let options = MqttMicroserviceOptions::new(broker().await);
    let handlers = std::sync::Arc::new(Handlers::new(["a/#/b"]));
    let shutdown = nestrs_core::Shutdown::new();
    let error = Box::new(options)
        .start(handlers, shutdown)
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Options { .. }));
    assert!(error.to_string().contains("\"a/#/b\""), "{error}");
    let client = MqttTransport::new(MqttTransportOptions::new("http://x"));
    let error = client.send_json("a", json!(1)).await.unwrap_err();
    assert!(error.message.contains("mqtt://host:port"), "{error}");
}

//! How a server ends.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use nestrs_brokers::{Broker, Proxy};
use nestrs_core::Transport;
use nestrs_transport_mqtt::{
    MqttBroker, MqttLastWill, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttTransport,
    MqttTransportOptions,
};
use serde_json::json;

use crate::common::{Handlers, LIMIT, broker, client, kept, serve, served, unique};
use crate::raw::Raw;

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

/// What was handled is acknowledged, and the broker has it, also while more
/// arrives: who closes a socket then has what the broker has not read thrown away.
#[tokio::test]
async fn nothing_that_was_handled_before_a_stop_comes_again_after_it() {
    let broker = Broker::mosquitto().config("max_inflight_messages 0");
    let broker = broker.start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    // So much is always on its way, in either direction.
    proxy.delay(Duration::from_millis(30));
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let topic = unique("once");
        let handlers = Handlers::new([&topic]);
        let options = || kept(protocol, &topic, broker.url_by(proxy.address()));
        let client = MqttTransport::new(MqttTransportOptions {
            qos: MqttQos::AtLeastOnce,
            ..MqttTransportOptions::new(broker.url())
        });
        let mut sent = 0;
        for _ in 0..3 {
            let server = serve(options(), &handlers).await;
            let some = handlers.handled(50);
            let emitting = async {
                loop {
                    // In this order: an emission that is dropped may have been sent.
                    sent += 1;
                    client.emit_json(&topic, json!(sent)).await.unwrap();
                }
            };
            tokio::select! {
                () = async { some.await; server.stop().await } => {}
                () = emitting => {}
            }
        }
        let server = serve(options(), &handlers).await;
        client.emit_json(&topic, json!("last")).await.unwrap();
        handlers.saw(&json!("last")).await;
        server.stop().await;
        let mut times = HashMap::new();
        for (_, number) in handlers.seen() {
            *times.entry(number.to_string()).or_insert(0) += 1;
        }
        times.retain(|_, times| *times > 1);
        assert!(times.is_empty(), "{protocol:?}: {times:?}");
    }
}

/// The broker publishes it for who is gone without a good-bye, and for nobody else:
/// also not for who says good-bye while more arrives.
#[tokio::test]
async fn a_last_will_is_that_of_who_did_not_say_good_bye() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    proxy.delay(Duration::from_millis(20));
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let (topic, will) = (unique("mortal"), unique("will"));
        let mut heirs = Raw::connect(&broker.url(), &[&will]).await;
        let options = |last: &'static str| MqttMicroserviceOptions {
            broker: MqttBroker {
                protocol,
                persistent_session: true,
                client_id: Some(topic.clone()),
                last_will: Some(MqttLastWill {
                    topic: will.clone(),
                    payload: last.into(),
                    qos: MqttQos::AtLeastOnce,
                    retain: false,
                }),
                ..MqttBroker::new(broker.url_by(proxy.address()))
            },
            ..MqttMicroserviceOptions::default()
        };
        let handlers = Handlers::new([&topic]);
        let client = MqttTransport::new(MqttTransportOptions::new(broker.url()));
        let server = serve(options("stopped"), &handlers).await;
        let emitting = async {
            loop {
                client.emit_json(&topic, json!(1)).await.unwrap();
            }
        };
        tokio::select! {
            () = async { handlers.handled(50).await; server.stop().await } => {}
            () = emitting => {}
        }
        let _server = serve(options("cut"), &handlers).await;
        proxy.cut();
        assert_eq!(heirs.next().await, (will, "cut".to_owned()));
    }
}

//! What the broker keeps for a server that is away, or while it is away itself.

use std::collections::HashSet;
use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::Transport;
use nestrs_transport_mqtt::{
    MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttTransport, MqttTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{Handlers, kept, serve, unique};

/// For thousands of events.
const PATIENCE: Duration = Duration::from_secs(120);

/// It takes a session that stays, at the server, and a broker that ends in good
/// order: a Mosquitto that is killed forgets what it has confirmed and not
/// written down.
#[tokio::test]
async fn no_event_is_lost_with_a_broker_that_ends_at_a_third_or_at_half() {
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        for part in [3, 2] {
            let mut broker = Broker::mosquitto().start().await.unwrap();
            let url = broker.url();
            let options = kept(protocol, &unique("server"), &url);
            events_survive(options, &url, EVENTS / part, broker.restart()).await;
        }
    }
}

/// RabbitMQ, which speaks MQTT 3.1.1 as well, confirms what it has written down.
#[tokio::test]
async fn no_event_is_lost_with_a_broker_that_writes_first_and_is_killed() {
    for part in [3, 2] {
        let port = nestrs_brokers::free_port();
        let broker = Broker::rabbitmq()
            .file("enabled_plugins", "[rabbitmq_mqtt].\n")
            .config(&format!("mqtt.listeners.tcp.1 = 127.0.0.1:{port}"));
        let mut broker = broker.start().await.unwrap();
        let url = format!("mqtt://127.0.0.1:{port}");
        let options = MqttMicroserviceOptions {
            // It knows no groups.
            broadcast: true,
            ..kept(MqttProtocol::V3, &unique("server"), &url)
        };
        let end = async {
            broker.kill();
            broker.restart().await
        };
        events_survive(options, &url, EVENTS / part, end).await;
    }
}

/// How many events are on their way at once.
const AT_ONCE: usize = 64;
const EVENTS: usize = 10_000;

/// `end` ends the broker and starts it again, once so many are handled.
async fn events_survive(
    options: MqttMicroserviceOptions,
    url: &str,
    so_many: usize,
    end: impl Future<Output = Result<(), nestrs_brokers::Error>>,
) {
    let topic = unique("sure");
    let handlers = Handlers::new([&topic]);
    let server = serve(options, &handlers).await;
    let client = MqttTransport::new(MqttTransportOptions {
        qos: MqttQos::AtLeastOnce,
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        ..MqttTransportOptions::new(url)
    });
    let mut emitting = tokio::task::JoinSet::new();
    for sender in 0..AT_ONCE {
        let (client, topic) = (client.clone(), topic.clone());
        emitting.spawn(async move {
            for number in (sender..EVENTS).step_by(AT_ONCE) {
                client.emit_json(&topic, json!(number)).await.unwrap();
            }
        });
    }
    let handled = async {
        let mut distinct = HashSet::new();
        let mut end = Some(end);
        while distinct.len() < EVENTS {
            handlers.handled(1).await;
            let seen = std::mem::take(&mut *handlers.seen.lock().unwrap());
            distinct.extend(seen.into_iter().map(|(_, number)| number.to_string()));
            if let Some(end) = end.take_if(|_| distinct.len() >= so_many) {
                end.await.unwrap();
            }
        }
    };
    let all = tokio::time::timeout(PATIENCE, handled).await;
    all.unwrap_or_else(|_| panic!("not all are handled"));
    emitting.join_all().await;
    server.stop().await;
}

/// What is published while it is away waits for its next process.
#[tokio::test]
async fn a_service_that_was_away_gets_what_it_missed() {
    let broker = Broker::mosquitto().start().await.unwrap();
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let topic = unique("away");
        let handlers = Handlers::new([&topic]);
        let options = || kept(protocol, &topic, broker.url());
        let client = MqttTransport::new(MqttTransportOptions {
            qos: MqttQos::AtLeastOnce,
            ..MqttTransportOptions::new(broker.url())
        });
        let missed = async |numbers: std::ops::Range<usize>| {
            for number in numbers {
                client.emit_json(&topic, json!(number)).await.unwrap();
            }
        };
        // One that ends without a good-bye.
        let (doomed, its_handlers) = (options(), handlers.clone());
        let doomed = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(serve(doomed, &its_handlers));
        });
        doomed.join().unwrap();
        missed(0..50).await;
        let server = serve(options(), &handlers).await;
        handlers.handled(50).await;
        server.stop().await;
        missed(50..100).await;
        let server = serve(options(), &handlers).await;
        handlers.handled(50).await;
        server.stop().await;
        let mut seen: Vec<_> = handlers.seen().into_iter().map(|(_, data)| data).collect();
        seen.sort_by_key(Value::as_u64);
        assert_eq!(
            seen,
            (0..100).map(Value::from).collect::<Vec<_>>(),
            "{protocol:?}"
        );
    }
}

//! What the broker keeps for a server that is away, or while it is away itself.

use std::collections::HashSet;
use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::Transport;
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttTransport, MqttTransportOptions,
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
            events_survive(protocol, 10_000, part).await;
        }
    }
}

/// How many events are on their way at once.
const AT_ONCE: usize = 64;

async fn events_survive(protocol: MqttProtocol, events: usize, part: usize) {
    let mut broker = Broker::mosquitto().start().await.unwrap();
    let topic = unique("sure");
    let handlers = Handlers::new([&topic]);
    let options = MqttMicroserviceOptions {
        broker: MqttBroker {
            client_id: Some(unique("server")),
            persistent_session: true,
            protocol,
            ..MqttBroker::new(broker.url())
        },
        ..MqttMicroserviceOptions::default()
    };
    let server = serve(options, &handlers).await;
    let client = MqttTransport::new(MqttTransportOptions {
        qos: MqttQos::AtLeastOnce,
        connect_timeout: PATIENCE,
        request_timeout: PATIENCE,
        ..MqttTransportOptions::new(broker.url())
    });
    let mut emitting = tokio::task::JoinSet::new();
    for sender in 0..AT_ONCE {
        let (client, topic) = (client.clone(), topic.clone());
        emitting.spawn(async move {
            for number in (sender..events).step_by(AT_ONCE) {
                client.emit_json(&topic, json!(number)).await.unwrap();
            }
        });
    }
    let handled = async {
        let mut distinct = HashSet::new();
        let mut has_ended = false;
        while distinct.len() < events {
            handlers.handled(1).await;
            let seen = std::mem::take(&mut *handlers.seen.lock().unwrap());
            distinct.extend(seen.into_iter().map(|(_, number)| number.to_string()));
            if !has_ended && distinct.len() >= events / part {
                has_ended = true;
                broker.restart().await.unwrap();
            }
        }
    };
    let all = tokio::time::timeout(PATIENCE, handled).await;
    all.unwrap_or_else(|_| panic!("{protocol:?}: not all are handled"));
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

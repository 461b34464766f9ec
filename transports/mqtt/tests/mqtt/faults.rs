//! A broker that is away, comes back, or lets nobody in.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::{Handlers, LIMIT, serve, unique};
use nestrs_brokers::{Broker, Proxy};
use nestrs_core::{
    ClientStatus, ErrorKind, Outgoing, Shutdown, StartError, Transport, TransportServer,
};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttQos, MqttTransport, MqttTransportOptions,
};
use serde_json::json;

const SOON: Duration = Duration::from_secs(2);
/// For thousands of events.
const PATIENCE: Duration = Duration::from_secs(120);

fn client(url: &str) -> MqttTransport {
    MqttTransport::new(MqttTransportOptions::new(url))
}

/// Calls until it is answered, as a caller with patience would.
async fn answered(client: &MqttTransport, topic: &str) -> Duration {
    let since = Instant::now();
    loop {
        let message = Outgoing::new(topic, "1").timeout(Duration::from_millis(300));
        match client.send(message).await {
            Ok(_) => return since.elapsed(),
            Err(error) => assert!(since.elapsed() < LIMIT, "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn both_sides_come_back_after_their_connections_were_cut() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    let url = broker.url_by(proxy.address());
    let topic = format!("{}/echo", unique("cut"));
    let server = serve(MqttMicroserviceOptions::new(&url), &Handlers::new([&topic])).await;
    let client = client(&url);
    answered(&client, &topic).await;
    for _ in 0..3 {
        proxy.cut();
        let after = answered(&client, &topic).await;
        assert!(after < SOON, "{after:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_call_ends_with_its_connection() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    let topic = format!("{}/gated", unique("lost"));
    let handlers = Handlers::new([&topic]);
    let server = serve(MqttMicroserviceOptions::new(broker.url()), &handlers).await;
    let client = client(&broker.url_by(proxy.address()));
    let mut status = client.status();
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    let call = tokio::spawn({
        let (client, topic) = (client.clone(), topic.clone());
        async move { client.send_json(&topic, json!(1)).await }
    });
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
    while handlers.seen().is_empty() {
        tokio::task::yield_now().await;
    }
    proxy.cut();
    let error = tokio::time::timeout(LIMIT, call)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(status.next().await, Some(ClientStatus::Reconnecting));
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
    handlers.gate.add_permits(1);
    client.close().await;
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    server.stop().await;
}

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
        let options = || MqttMicroserviceOptions {
            broker: MqttBroker {
                client_id: Some(topic.clone()),
                persistent_session: true,
                protocol,
                ..MqttBroker::new(broker.url())
            },
            ..MqttMicroserviceOptions::default()
        };
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
        handlers.handled_distinct(50).await;
        server.stop().await;
        missed(50..100).await;
        let server = serve(options(), &handlers).await;
        handlers.handled_distinct(100).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_broker_may_come_later() {
    let mut broker = Broker::mosquitto().later().unwrap();
    let topic = format!("{}/echo", unique("later"));
    let starting = tokio::spawn({
        let (url, handlers) = (broker.url(), Handlers::new([&topic]));
        async move { serve(MqttMicroserviceOptions::new(url), &handlers).await }
    });
    let client = client(&broker.url());
    let message = Outgoing::new(&topic, "1").timeout(Duration::from_millis(200));
    assert_eq!(
        client.send(message).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    broker.restart().await.unwrap();
    let server = tokio::time::timeout(LIMIT, starting)
        .await
        .unwrap()
        .unwrap();
    answered(&client, &topic).await;
    server.stop().await;
}

#[tokio::test]
async fn a_broker_that_does_not_come_is_named() {
    let broker = Broker::mosquitto().later().unwrap();
    let options = MqttMicroserviceOptions {
        connect_timeout: Duration::from_millis(100),
        ..MqttMicroserviceOptions::new(broker.url())
    };
    let handlers = std::sync::Arc::new(Handlers::new(["a"]));
    let error = Box::new(options)
        .start(handlers, Shutdown::new())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StartError::Connect { .. }));
    assert!(text.contains(&broker.address().to_string()), "{text}");
    let client = MqttTransport::new(MqttTransportOptions {
        connect_timeout: Duration::from_millis(100),
        ..MqttTransportOptions::new(broker.url())
    });
    let error = client.send_json("a", json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        error.message.contains(&broker.address().to_string()),
        "{error}"
    );
}

#[tokio::test]
async fn who_is_not_let_in_is_told_at_once_and_nobody_sees_the_password() {
    let broker = Broker::mosquitto()
        .user("orders", "right")
        .start()
        .await
        .unwrap();
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let at = |password: &str| MqttBroker {
            protocol,
            username: Some("orders".to_owned()),
            password: Some(password.to_owned()),
            ..MqttBroker::new(broker.url())
        };
        let topic = format!("{}/echo", unique("user"));
        let handlers = Handlers::new([&topic]);
        let options = |password| MqttMicroserviceOptions {
            broker: at(password),
            ..MqttMicroserviceOptions::default()
        };
        let server = serve(options("right"), &handlers).await;
        let client = MqttTransport::new(MqttTransportOptions {
            broker: at("right"),
            ..MqttTransportOptions::default()
        });
        assert_eq!(client.send_json(&topic, json!(1)).await.unwrap(), 1);
        let since = Instant::now();
        let start = Box::new(options("hush")).start(std::sync::Arc::new(handlers), Shutdown::new());
        let error = start.await.unwrap_err();
        assert!(since.elapsed() < SOON);
        let text = format!("{error} {error:?}");
        assert!(matches!(error, StartError::Connect { .. }), "{text}");
        assert!(!text.contains("hush"), "{text}");
        server.stop().await;
    }
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn through_tls() {
    use nestrs_core::tls::TlsClientOptions;

    let broker = Broker::mosquitto().tls().start().await.unwrap();
    let ca = broker.certificates().unwrap();
    for protocol in [MqttProtocol::V3, MqttProtocol::V5] {
        let at = |ca_pem: Option<Vec<u8>>| MqttBroker {
            protocol,
            tls: Some(TlsClientOptions {
                ca_pem,
                ..TlsClientOptions::default()
            }),
            ..MqttBroker::new(broker.url())
        };
        let trusting = at(Some(ca.ca_pem.clone().into()));
        let topic = format!("{}/echo", unique("tls"));
        let options = MqttMicroserviceOptions {
            broker: trusting.clone(),
            ..MqttMicroserviceOptions::default()
        };
        let server = serve(options, &Handlers::new([&topic])).await;
        let client = |broker| {
            MqttTransport::new(MqttTransportOptions {
                broker,
                connect_timeout: Duration::from_millis(500),
                ..MqttTransportOptions::default()
            })
        };
        assert_eq!(
            client(trusting).send_json(&topic, json!(1)).await.unwrap(),
            1
        );
        let error = client(at(None))
            .send_json(&topic, json!(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
        server.stop().await;
    }
}

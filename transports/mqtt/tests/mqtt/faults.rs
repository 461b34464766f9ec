//! A broker that is away, and comes back.

use std::time::{Duration, Instant};

use crate::common::{Handlers, LIMIT, serve, unique};
use nestrs_brokers::{Broker, Proxy};
use nestrs_core::{
    ClientStatus, ErrorKind, Outgoing, Shutdown, StartError, Transport, TransportServer,
};
use nestrs_transport_mqtt::{MqttMicroserviceOptions, MqttTransport, MqttTransportOptions};
use serde_json::json;

const SOON: Duration = Duration::from_secs(2);

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

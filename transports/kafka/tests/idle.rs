//! What it costs to wait, for a broker and for messages. Alone in its process,
//! whose time it measures.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use nestrs_brokers::{Broker, computed};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, ClientStatus, Dispatch, Message, Shutdown, Transport, TransportServer};
use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaTransport, KafkaTransportOptions};
use serde_json::json;

struct Sum;

impl Dispatch for Sum {
    fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
        Box::pin(async { Answer::One(Ok(Some("1".into()))) })
    }
    fn routes(&self) -> Vec<String> {
        vec!["sum".to_owned()]
    }
}

/// Of both sides together, less than one hundredth of a processor.
async fn costs_next_to_nothing(what: &str) {
    const TIME: Duration = Duration::from_secs(12);
    let before = computed().unwrap();
    tokio::time::sleep(TIME).await;
    let spent = computed().unwrap() - before;
    println!("{what}: {spent:?} in {TIME:?}");
    assert!(spent < TIME / 100, "{what}: {spent:?} in {TIME:?}");
}

#[tokio::test]
async fn waiting_costs_next_to_nothing() {
    let mut broker = Broker::kafka().start().await.unwrap();
    let server = Box::new(KafkaMicroserviceOptions::new(broker.url()));
    let server = server.start(Arc::new(Sum), Shutdown::new());
    let mut server = server.await.unwrap();
    let client = KafkaTransport::new(KafkaTransportOptions::new(broker.url()));
    assert_eq!(client.send_json("sum", json!(1)).await.unwrap(), 1);
    costs_next_to_nothing("connected").await;
    broker.kill();
    let mut status = client.status();
    while status.next().await != Some(ClientStatus::Reconnecting) {}
    while server.status.next().await != Some(ClientStatus::Reconnecting) {}
    costs_next_to_nothing("without a broker").await;
}

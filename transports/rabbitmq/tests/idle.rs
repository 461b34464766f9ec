//! What it costs to wait for a broker. Alone in its process, whose time it
//! measures.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use nestrs_brokers::{Broker, computed};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, ClientStatus, Dispatch, Message, Shutdown, Transport, TransportServer};
use nestrs_transport_rabbitmq::{
    RabbitMqMicroserviceOptions, RabbitMqTransport, RabbitMqTransportOptions,
};

struct Nothing;

impl Dispatch for Nothing {
    fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
        Box::pin(async { Answer::NoHandler })
    }
    fn routes(&self) -> Vec<String> {
        vec!["a".to_owned()]
    }
}

#[tokio::test]
async fn a_broker_that_is_away_costs_next_to_nothing() {
    let mut broker = Broker::rabbitmq().start().await.unwrap();
    let server = Box::new(RabbitMqMicroserviceOptions::new(broker.url()));
    let server = server.start(Arc::new(Nothing), Shutdown::new());
    let mut server = server.await.unwrap();
    let client = RabbitMqTransport::new(RabbitMqTransportOptions::new(broker.url()));
    client.connect().await.unwrap();
    broker.kill();
    let mut status = client.status();
    while status.next().await != Some(ClientStatus::Reconnecting) {}
    while server.status.next().await != Some(ClientStatus::Reconnecting) {}
    let before = computed().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let spent = computed().unwrap() - before;
    assert!(spent <= Duration::from_millis(40), "{spent:?} in 4 seconds");
}

//! What it costs to wait for a broker. Alone in its process, whose time it
//! measures.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Service, client};
use nestrs_brokers::{Broker, computed};
use nestrs_core::{ClientStatus, Transport};
use nestrs_transport_nats::NatsMicroserviceOptions;

#[tokio::test]
async fn a_broker_that_is_away_costs_next_to_nothing() {
    let mut broker = Broker::nats().start().await.unwrap();
    let (service, _happens) = Service::new(["a"]);
    let server = service
        .start(NatsMicroserviceOptions::new(broker.url()))
        .await;
    let client = client(&broker.url());
    client.connect().await.unwrap();
    broker.kill();
    let mut status = client.status();
    while status.next().await != Some(ClientStatus::Reconnecting) {}
    let before = computed().unwrap();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let spent = computed().unwrap() - before;
    assert!(spent <= Duration::from_millis(40), "{spent:?} in 4 seconds");
    drop(server);
}

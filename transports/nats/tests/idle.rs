//! What it costs to wait for a broker. Alone in its process, whose time it
//! measures.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Service, client};
use nestrs_brokers::Broker;
use nestrs_core::{ClientStatus, Transport};
use nestrs_transport_nats::NatsMicroserviceOptions;

/// The time this process has computed for, in hundredths of a second.
fn computed() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let fields: Vec<_> = after_name.split(' ').collect();
    fields[11..13]
        .iter()
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}

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
    let before = computed();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let spent = computed() - before;
    assert!(spent <= 4, "{spent} hundredths of a second in 4 seconds");
    drop(server);
}

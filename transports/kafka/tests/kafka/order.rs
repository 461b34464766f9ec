//! Which events wait for which.

use nestrs_core::{Outgoing, Transport};
use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaOrder, KafkaRecord};
use serde_json::{Value, json};

use crate::common::{Server, client, server_options, unique};
use crate::raw::committed;

const KEYS: u64 = 5;

/// A server of one partition, with two events of each key on their way, which
/// end only when they are let.
async fn with_events(order: KafkaOrder) -> (Server, String, String) {
    let (service, route) = (unique("service"), format!("{}.gated", unique("t")));
    let options = KafkaMicroserviceOptions {
        order,
        ..server_options().await
    };
    let server = Server::of(&service, options, std::slice::from_ref(&route), Value::Null).await;
    let client = client().await;
    for number in 1..=2 {
        for key in 0..KEYS {
            let message = Outgoing::new(&route, json!([key, number]).to_string());
            let record = KafkaRecord::key(format!("key {key}"));
            client.emit(message.record(record)).await.unwrap();
        }
    }
    (server, service, route)
}

fn firsts() -> Vec<Value> {
    (0..KEYS).map(|key| json!([key, 1])).collect()
}

async fn end(server: Server, service: &str, route: &str) {
    server.journal.gate.add_permits(10);
    server.journal.until_begun(10).await;
    server.stop().await;
    assert_eq!(committed(service, route, 0).await, Some(10));
}

#[tokio::test]
async fn events_of_one_key_wait_for_each_other_alone() {
    let (server, service, route) = with_events(KafkaOrder::Key).await;
    let mut begun = server.journal.until_begun(firsts().len()).await;
    begun.sort_by_key(Value::to_string);
    assert_eq!(begun, firsts());
    // One of them ends, and so one begins: of its key.
    server.journal.gate.add_permits(1);
    let begun = server.journal.until_begun(firsts().len() + 1).await;
    assert_eq!(begun.len(), firsts().len() + 1);
    assert_eq!(begun.last().unwrap()[1], 2);
    end(server, &service, &route).await;
}

#[tokio::test]
async fn events_may_wait_for_none() {
    let (server, service, route) = with_events(KafkaOrder::None).await;
    server.journal.until_begun(10).await;
    end(server, &service, &route).await;
}

#[tokio::test]
async fn events_of_a_partition_wait_for_each_other() {
    let (server, service, route) = with_events(KafkaOrder::Partition).await;
    server.journal.until_begun(1).await;
    for ended in 1..10 {
        server.journal.gate.add_permits(1);
        server.journal.until_over().await;
        let begun = server.journal.until_begun(ended + 1).await;
        assert_eq!(begun.len(), ended + 1);
    }
    let begun = server.journal.begun.borrow().clone();
    let of_key = |key| {
        let of_key = begun.iter().filter(move |event| event[0] == key);
        of_key.map(|event| event[1].clone()).collect::<Vec<_>>()
    };
    assert!((0..KEYS).all(|key| of_key(key) == [1, 2]), "{begun:?}");
    end(server, &service, &route).await;
}

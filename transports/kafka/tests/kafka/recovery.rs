//! Brokers that go and come back.

use std::collections::BTreeSet;
use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::{ClientStatus, ErrorKind, Transport};
use nestrs_transport_kafka::{KafkaMicroserviceOptions, KafkaTransport, KafkaTransportOptions};
use serde_json::{Value, json};

use crate::common::{Server, soon, unique, until};
use crate::raw::committed_at;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_under_load_loses_no_event() {
    let mut broker = Broker::kafka().start().await.unwrap();
    let route = unique("events");
    let options = KafkaMicroserviceOptions::new(broker.url());
    let mut server = Server::start(options, std::slice::from_ref(&route)).await;
    let client = KafkaTransport::new(KafkaTransportOptions::new(broker.url()));
    client.connect().await.unwrap();
    let mut status = client.status();
    let load = tokio::spawn({
        let (client, route) = (client.clone(), route.clone());
        async move {
            let mut confirmed = Vec::new();
            // Until after the broker is back.
            let mut after = 0;
            let mut has_failed = false;
            for n in 0_u64.. {
                match client.emit_json(&route, json!(n)).await {
                    Ok(()) => {
                        confirmed.push(n);
                        after += u32::from(has_failed);
                    }
                    Err(_) => has_failed = true,
                }
                if after == 200 {
                    break;
                }
            }
            confirmed
        }
    });
    server.journal.until_begun(200).await;
    broker.kill();
    until(&mut status, ClientStatus::Reconnecting).await;
    until(&mut server.status, ClientStatus::Reconnecting).await;
    // Nobody is there: a call says so.
    let error = client.send_json(&route, json!(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    broker.restart().await.unwrap();
    until(&mut status, ClientStatus::Connected).await;
    until(&mut server.status, ClientStatus::Connected).await;
    let confirmed = soon("the load is through", load).await.unwrap();
    let begun = server
        .journal
        .until("every event that was confirmed is handled", |begun| {
            let begun: BTreeSet<_> = begun.iter().filter_map(|n| n.as_u64()).collect();
            confirmed.iter().all(|n| begun.contains(n))
        })
        .await;
    println!("{} confirmed, {} handled", confirmed.len(), begun.len());
    assert_eq!(
        client.send_json(&route, json!("echo")).await.unwrap(),
        "echo"
    );
    client.close().await;
    until(&mut status, ClientStatus::Disconnected).await;
    server.stop().await;
}

#[tokio::test]
async fn both_sides_wait_for_a_broker_that_comes_later() {
    let mut broker = Broker::kafka().later().unwrap();
    let (url, route) = (broker.url(), unique("echo"));
    let starting = tokio::spawn({
        let (options, routes) = (
            KafkaMicroserviceOptions::new(url.as_str()),
            vec![route.clone()],
        );
        async move { Server::start(options, &routes).await }
    });
    let client = KafkaTransport::new(KafkaTransportOptions {
        connect_timeout: Duration::from_secs(30),
        request_timeout: Duration::from_secs(30),
        ..KafkaTransportOptions::new(url)
    });
    let connecting = tokio::spawn({
        let client = client.clone();
        async move { client.connect().await }
    });
    broker.restart().await.unwrap();
    let server = soon("the server starts", starting).await.unwrap();
    soon("the client connects", connecting)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(client.send_json(&route, json!(1)).await.unwrap(), 1);
    server.stop().await;
}

#[tokio::test]
async fn what_ends_while_the_broker_is_away_is_committed_once_it_is_back() {
    let mut broker = Broker::kafka().start().await.unwrap();
    let (service, route) = (unique("service"), format!("{}.gated", unique("t")));
    let options = KafkaMicroserviceOptions::new(broker.url());
    let routes = [route.clone()];
    let mut server = Server::of(&service, options, &routes, Value::Null).await;
    let client = KafkaTransport::new(KafkaTransportOptions::new(broker.url()));
    client.emit_json(&route, json!(1)).await.unwrap();
    server.journal.until_begun(1).await;
    broker.kill();
    until(&mut server.status, ClientStatus::Reconnecting).await;
    server.journal.gate.add_permits(1);
    server.journal.until_over().await;
    broker.restart().await.unwrap();
    let committed = async {
        while committed_at(&broker.url(), &service, &route, 0).await != Some(1) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("it is committed", committed).await;
    assert_eq!(server.journal.begun.borrow().len(), 1, "it is not repeated");
    server.stop().await;
}

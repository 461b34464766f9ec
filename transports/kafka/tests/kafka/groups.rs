//! Several servers and clients at once, and what Kafka's own tool says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use nestrs_core::{Outgoing, Transport};
use nestrs_transport_kafka::{
    KafkaMicroserviceOptions, KafkaRecord, KafkaSharing, KafkaTopics, KafkaTransport,
};
use serde_json::{Value, json};

use crate::common::{SOON, Server, client, pair, server_options, soon, unique, url};
use crate::raw::{Raw, committed};
use nestrs_transport_kafka::rdkafka::consumer::Consumer;

const EVENTS: usize = 10_000;
const PARTITIONS: i32 = 3;

/// How often each event was seen, by whom ever.
fn seen<'a>(journals: impl IntoIterator<Item = &'a Vec<Value>>) -> BTreeMap<u64, usize> {
    let mut seen = BTreeMap::new();
    for event in journals.into_iter().flatten() {
        *seen.entry(event["n"].as_u64().unwrap()).or_default() += 1;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_handles_every_event_though_one_is_killed_and_another_joins() {
    let (service, route) = (unique("service"), unique("events"));
    Raw::new().await.topic(&route, PARTITIONS).await;
    let routes = [route.clone()];
    let start = || async {
        let options = KafkaMicroserviceOptions {
            // One that is killed may not get to say good-bye.
            session_timeout: Duration::from_secs(10),
            ..server_options().await
        };
        Server::of(&service, options, &routes, Value::Null).await
    };
    let mut servers = Vec::new();
    for _ in 0..3 {
        servers.push(start().await);
    }
    let client = client().await;
    let send = |numbers: std::ops::Range<usize>| {
        let (client, route) = (&client, &route);
        async move {
            let sent = numbers.map(|n| async move {
                let message = Outgoing::new(route, json!({ "n": n }).to_string());
                client
                    .emit(message.record(KafkaRecord::key(n.to_string())))
                    .await
            });
            for sent in join_all(sent).await {
                sent.unwrap();
            }
        }
    };
    send(0..EVENTS / 4).await;
    let killed = servers.remove(0);
    // It is at work when it ends.
    killed.journal.until_begun(1).await;
    let killed_journal = killed.journal.clone();
    let sending = send(EVENTS / 4..EVENTS / 2);
    tokio::join!(sending, killed.kill());
    let times = killed_journal.times.lock().unwrap().clone();
    let last = *times.last().unwrap();
    let in_flight = times
        .iter()
        .filter(|begun| last - **begun < Duration::from_secs(1))
        .count();
    let joining = start();
    let (joined, ()) = tokio::join!(joining, send(EVENTS / 2..EVENTS));
    servers.push(joined);

    let all = async {
        loop {
            let mut journals: Vec<_> = servers
                .iter()
                .map(|server| server.journal.begun.borrow().clone())
                .collect();
            journals.push(killed_journal.begun.borrow().clone());
            let seen = seen(&journals);
            if seen.len() == EVENTS {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = soon("every event is handled", all).await;
    let duplicates: usize = seen.values().map(|times| times - 1).sum();
    println!("{EVENTS} events, {duplicates} of them twice, {in_flight} in flight");
    // What the killed one had begun and the broker was not told of yet, twenty times a second.
    assert!(
        duplicates <= in_flight,
        "{duplicates} were handled twice, {in_flight} in flight"
    );
    assert!(seen.values().all(|times| *times <= 2));
    for server in servers {
        server.stop().await;
    }

    // What the broker's own tool says: everything is done with.
    let group = format!("{service}-server");
    let ends = committed_by_tool(&group).await;
    assert_eq!(ends.len(), PARTITIONS as usize, "{ends:?}");
    let committed: i64 = ends.iter().map(|(committed, _)| committed).sum();
    assert_eq!(committed, EVENTS as i64, "{ends:?}");
    assert!(
        ends.iter().all(|(committed, end)| committed == end),
        "{ends:?}"
    );
}

/// The committed offset and the end of each partition of a group.
async fn committed_by_tool(group: &str) -> Vec<(i64, i64)> {
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    let mut tool = nestrs_brokers::kafka_tool(class).unwrap();
    tool.args([
        "--bootstrap-server",
        url().await,
        "--describe",
        "--group",
        group,
    ]);
    let output = tokio::task::spawn_blocking(move || tool.output().unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let table = text.lines().filter(|line| line.starts_with(group));
    let row = |line: &str| {
        let columns: Vec<_> = line.split_whitespace().collect();
        Some((columns.get(3)?.parse().ok()?, columns.get(4)?.parse().ok()?))
    };
    let rows: Option<Vec<_>> = table.map(row).collect();
    rows.unwrap_or_else(|| panic!("cannot be read (`cargo xtask setup` fetches the tool): {text}"))
}

#[tokio::test]
async fn clients_that_come_and_go_cost_nobody_a_reply() {
    let (server, first, route) = pair(&["gated"]).await;
    let route = route("gated");
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let (client, route) = (first.clone(), route.clone());
            tokio::spawn(async move { client.send_json(&route, json!(n)).await })
        })
        .collect();
    server.journal.until_begun(100).await;
    // Another client comes, is answered and goes, while all of them wait.
    let second = client().await;
    let call = tokio::spawn({
        let (client, route) = (second.clone(), route.clone());
        async move { client.send_json(&route, json!(100)).await }
    });
    server.journal.until_begun(101).await;
    server.journal.gate.add_permits(50);
    second.close().await;
    drop(second);
    let third = client().await;
    server.journal.gate.add_permits(52);
    assert_eq!(third.send_json(&route, json!(101)).await.unwrap(), 101);
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(soon("a call is answered", call).await.unwrap().unwrap(), n);
    }
    assert!(call.await.unwrap().is_err(), "its client was closed");
    server.stop().await;
}

#[tokio::test]
async fn replicas_share_the_partitions_of_each_topic() {
    let (service, prefix) = (unique("service"), unique("t"));
    let routes: Vec<_> = (0..4).map(|n| format!("{prefix}.{n}")).collect();
    let like = KafkaTopics {
        partitions: PARTITIONS,
        ..KafkaTopics::default()
    };
    let mut servers = Vec::new();
    for _ in 0..PARTITIONS {
        let options = server_options().await.create_topics(like.clone());
        servers.push(Server::of(&service, options, &routes, Value::Null).await);
    }
    let client = client().await;
    for route in &routes {
        for partition in 0..PARTITIONS {
            let record = KafkaRecord::default().partition(partition);
            let sent = client.emit(Outgoing::new(route, "1").record(record));
            sent.await.unwrap();
        }
    }
    for server in servers {
        server.journal.until_begun(routes.len()).await;
        let contexts = server.journal.contexts.lock().unwrap().clone();
        let topics: BTreeSet<_> = contexts.iter().map(|context| &*context.topic).collect();
        assert_eq!(topics.len(), routes.len(), "{contexts:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_in_hand_is_finished_before_a_partition_goes_to_another() {
    what_is_in_hand_is_finished(KafkaSharing::Even).await;
}

#[tokio::test]
async fn so_it_is_where_only_some_partitions_move() {
    what_is_in_hand_is_finished(KafkaSharing::Sticky).await;
}

/// Waits until so many have asked to be in a service's group.
async fn has_members(service: &str, count: usize) {
    let (group, raw) = (format!("{service}-server"), Raw::new().await);
    let raw = Arc::new(raw);
    loop {
        let (raw, group) = (raw.clone(), group.clone());
        let ask = move || {
            let groups = raw.consumer.fetch_group_list(Some(&group), SOON).unwrap();
            groups.groups()[0].members().len()
        };
        if tokio::task::spawn_blocking(ask).await.unwrap() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn emit_to(client: &KafkaTransport, route: &str, partition: i32, payload: &str) {
    let record = KafkaRecord::default().partition(partition);
    let message = Outgoing::new(route, payload.to_owned()).record(record);
    client.emit(message).await.unwrap();
}

async fn what_is_in_hand_is_finished(sharing: KafkaSharing) {
    let options = KafkaMicroserviceOptions {
        sharing,
        ..server_options().await
    };
    let (service, route) = (unique("service"), format!("{}.gated", unique("t")));
    Raw::new().await.topic(&route, 2).await;
    let routes = [route.clone()];
    let first = Server::of(&service, options.clone(), &routes, Value::Null).await;
    let client = client().await;
    // One in each partition, and one behind each.
    for partition in [0, 1, 0, 1] {
        let payload = json!({ "p": partition }).to_string();
        emit_to(&client, &route, partition, &payload).await;
    }
    first.journal.until_begun(2).await;
    let second = tokio::spawn({
        let (service, routes) = (service.clone(), routes.clone());
        async move { Server::of(&service, options, &routes, Value::Null).await }
    });
    soon("the second asks to be let in", has_members(&service, 2)).await;
    // Where all partitions are shared out anew, it has to wait for what is in hand.
    assert!(sharing == KafkaSharing::Sticky || !second.is_finished());
    first.journal.gate.add_permits(4);
    let second = soon("the second is let in", second).await.unwrap();
    second.journal.gate.add_permits(4);
    let both = async {
        loop {
            let (one, other) = (
                first.journal.begun.borrow().len(),
                second.journal.begun.borrow().len(),
            );
            if one + other >= 4 {
                return (one, other);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (one, other) = soon("all are handled", both).await;
    assert_eq!(one + other, 4, "none is handled twice");
    first.stop().await;
    second.stop().await;
    for partition in [0, 1] {
        assert_eq!(committed(&service, &route, partition).await, Some(2));
    }
}

#[tokio::test]
async fn a_server_that_is_stopped_while_partitions_go_to_another_ends() {
    // At the one moment or the other of what they have to agree on.
    let stopped = (0..12).map(|after| async move {
        let options = KafkaMicroserviceOptions {
            sharing: KafkaSharing::Sticky,
            ..server_options().await
        };
        let (service, route) = (unique("service"), format!("{}.gated", unique("t")));
        Raw::new().await.topic(&route, 2).await;
        let routes = [route.clone()];
        let first = Server::of(&service, options.clone(), &routes, Value::Null).await;
        let client = client().await;
        for partition in [0, 1] {
            emit_to(&client, &route, partition, "1").await;
        }
        first.journal.until_begun(2).await;
        let second = tokio::spawn({
            let (service, routes) = (service.clone(), routes.clone());
            async move { Server::of(&service, options, &routes, Value::Null).await }
        });
        soon("the second asks to be let in", has_members(&service, 2)).await;
        // Until the first has heard of it, and holds on to what is in hand.
        tokio::time::sleep(Duration::from_secs(2)).await;
        first.journal.gate.add_permits(2);
        tokio::time::sleep(Duration::from_millis(after)).await;
        first.stop().await;
        let second = soon("the second is let in", second).await.unwrap();
        // What came next is for the second.
        for partition in [0, 1] {
            emit_to(&client, &route, partition, "2").await;
        }
        second.journal.gate.add_permits(2);
        let begun = second.journal.until_begun(2).await;
        assert_eq!(begun, [json!(2), json!(2)]);
        second.stop().await;
    });
    join_all(stopped).await;
}

#[tokio::test]
async fn a_handler_that_takes_long_does_not_lose_the_group() {
    let (service, prefix) = (unique("service"), unique("t"));
    let (gated, other) = (format!("{prefix}.gated"), format!("{prefix}.other"));
    let mut options = server_options().await;
    options.session_timeout = Duration::from_secs(6);
    options.prefetch = 10;
    options.connection = options.connection.property("max.poll.interval.ms", "6500");
    let routes = [gated.clone(), other.clone()];
    let server = Server::of(&service, options, &routes, Value::Null).await;
    let client = client().await;
    for n in 0..50 {
        client.emit_json(&gated, json!(n)).await.unwrap();
    }
    server.journal.until_begun(1).await;
    // Longer than the group waits for one that does not poll.
    tokio::time::sleep(Duration::from_secs(8)).await;
    client.emit_json(&other, json!("other")).await.unwrap();
    server
        .journal
        .until("others are handled", |begun| {
            begun.contains(&json!("other"))
        })
        .await;
    server.journal.gate.add_permits(50);
    let begun = server.journal.until_begun(51).await;
    let gated_only: Vec<_> = begun
        .iter()
        .filter(|event| event.is_number())
        .cloned()
        .collect();
    assert_eq!(
        gated_only,
        (0..50).map(|n| json!(n)).collect::<Vec<_>>(),
        "in order, each once"
    );
    server.stop().await;
    assert_eq!(committed(&service, &gated, 0).await, Some(50));
}

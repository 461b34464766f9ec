//! Replicas, limits, calls that are given up, and stopping.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{Service, client, in_time, prefix, shared};
use nestrs_core::{ErrorKind, Outgoing, StartError, Transport};
use nestrs_transport_nats::{NatsMicroserviceOptions, NatsTransport, NatsTransportOptions};
use serde_json::{Value, json};

async fn options() -> NatsMicroserviceOptions {
    NatsMicroserviceOptions::new(shared().await)
}

/// How many of two services' replicas, two each, saw each of 20 events.
async fn seen(
    change: impl Fn(NatsMicroserviceOptions) -> NatsMicroserviceOptions,
    extras: Value,
) -> [usize; 4] {
    let route = format!("{}.gated", prefix());
    let mut servers = Vec::new();
    let mut all = Vec::new();
    for name in ["one", "one", "two", "two"] {
        let (service, happens) = Service::new([route.clone()]);
        let service = service
            .named(&format!("{route}-{name}"))
            .extras(extras.clone());
        servers.push(service.start(change(options().await)).await);
        all.push(happens);
    }
    let client = client(shared().await);
    for number in 0..20 {
        client.emit_json(&route, json!(number)).await.unwrap();
    }
    // What is answered after them comes after them; and once stopped, the
    // servers have seen all there is to see.
    let nobody = client.send_json(&prefix(), json!(1)).await;
    assert_eq!(nobody.unwrap_err().kind(), ErrorKind::NoHandler);
    for happens in &all {
        happens.gate.add_permits(100);
    }
    for server in servers {
        server.stop().await;
    }
    let mut counts = [0; 4];
    for (count, happens) in counts.iter_mut().zip(&mut all) {
        while happens.started.try_recv().is_ok() {
            *count += 1;
        }
    }
    counts
}

#[tokio::test]
async fn one_replica_of_each_service_gets_an_event() {
    let [a, b, c, d] = seen(|options| options, Value::Null).await;
    assert_eq!((a + b, c + d), (20, 20));
    assert!(a > 0 && b > 0, "both replicas take part");
}

#[tokio::test]
async fn a_broadcast_reaches_every_replica() {
    assert_eq!(
        seen(|options| options.broadcast(), Value::Null).await,
        [20; 4]
    );
    assert_eq!(
        seen(|options| options, json!({ "queue": false })).await,
        [20; 4]
    );
}

#[tokio::test]
async fn a_group_that_is_named_is_one_for_all_services() {
    let total = |counts: [usize; 4]| counts.iter().sum::<usize>();
    assert_eq!(
        total(seen(|options| options.queue("g"), Value::Null).await),
        20
    );
    let by_handler = seen(|options| options.broadcast(), json!({ "queue": "g" })).await;
    assert_eq!(total(by_handler), 20);
}

#[tokio::test]
async fn what_cannot_be_a_subject_is_named_at_the_start() {
    for (route, extras, named) in [
        ("a b", Value::Null, "\"a b\""),
        ("a..b", Value::Null, "\"a..b\""),
        ("", Value::Null, "\"\""),
        ("a", json!({ "queue": "two words" }), "two words"),
    ] {
        let (service, _) = Service::new([route]);
        let error = service
            .extras(extras)
            .try_start(options().await)
            .await
            .err()
            .unwrap();
        assert!(matches!(error, StartError::Options { .. }), "{error:?}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_stops_its_handler() {
    let route = format!("{}.gated", prefix());
    let (service, mut happens) = Service::new([route.clone()]);
    let _server = service.start(options().await).await;
    let client = client(shared().await);

    let (caller, pattern) = (client.clone(), route.clone());
    let call = tokio::spawn(async move { caller.send_json(&pattern, json!(1)).await });
    happens.one_starts().await;
    call.abort();
    assert!(!happens.one_is_over().await, "it was stopped");

    let replies = client
        .send_stream(Outgoing::new(&route, "1"))
        .await
        .unwrap();
    happens.one_starts().await;
    drop(replies);
    assert!(!happens.one_is_over().await, "it was stopped");

    // One that is answered is not called off.
    happens.gate.add_permits(1);
    assert_eq!(client.send_json(&route, json!(7)).await, Ok(json!(7)));
    assert!(happens.one_is_over().await);
}

#[tokio::test]
async fn a_deadline_ends_a_handler_without_the_clients_help() {
    let route = format!("{}.gated", prefix());
    let (service, mut happens) = Service::new([route.clone()]);
    let _server = service.start(options().await).await;
    let driver = async_nats::connect(shared().await).await.unwrap();
    let packet = r#"{"pattern":"x","data":1,"metadata":{"nestrs-timeout-ms":"20"},"id":"1"}"#;
    driver
        .publish_with_reply(route, driver.new_inbox(), packet.into())
        .await
        .unwrap();
    happens.one_starts().await;
    assert!(!happens.one_is_over().await, "it was stopped");
}

#[tokio::test]
async fn handlers_know_how_long_they_are_waited_for() {
    let route = format!("{}.known", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let _server = service.start(options().await).await;
    let call = Outgoing::new(&route, "1").timeout(Duration::from_secs(60));
    let known = client(shared().await).send(call).await.unwrap().unwrap();
    let known: Value = serde_json::from_slice(&known).unwrap();
    assert_eq!(known["left"], 59);
    // What nestrs peers tell each other is no header.
    assert_eq!(known["headers"], json!({}));
}

#[tokio::test]
async fn what_finds_no_room_is_answered_that_there_is_none() {
    let route = format!("{}.gated", prefix());
    let (service, mut happens) = Service::new([route.clone()]);
    let mut small = options().await.max_in_flight(1);
    // One in hand, and three that wait.
    small.max_pending_bytes = 2_048;
    let server = service.start(small).await;
    let client = client(shared().await);
    let refused = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = (0..20)
        .map(|number| {
            let (client, route, refused) = (client.clone(), route.clone(), refused.clone());
            tokio::spawn(async move {
                match client.send_json(&route, json!(number)).await {
                    Ok(answer) => assert_eq!(answer, number),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    happens.one_starts().await;
    in_time("those without room", async {
        while refused.load(Ordering::SeqCst) < 16 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    happens.gate.add_permits(100);
    for call in calls {
        in_time("an answer", call).await.unwrap();
    }
    assert_eq!(refused.load(Ordering::SeqCst), 16);
    server.stop().await;
}

#[tokio::test]
async fn a_flood_waits_and_is_handled() {
    const EVENTS: usize = 20_000;
    let route = format!("{}.known", prefix());
    let (service, mut happens) = Service::new([route.clone()]);
    let server = service.start(options().await.max_in_flight(8)).await;
    let driver = async_nats::connect(shared().await).await.unwrap();
    for _ in 0..EVENTS {
        driver.publish(route.clone(), "1".into()).await.unwrap();
    }
    driver.flush().await.unwrap();
    for _ in 0..EVENTS {
        happens.one_starts().await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_reply_too_large_is_an_error_at_its_caller() {
    let route = format!("{}.large", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let _server = service.start(options().await).await;
    let client = client(shared().await);
    let error = client.send_json(&route, json!(1 << 20)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    assert!(error.message.contains("1048576"), "{error}");
    assert_eq!(client.send_json(&route, json!(1)).await, Ok(json!("x")));
}

/// One replica after the other is started anew while calls come: none is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_under_load_lose_no_call() {
    let route = format!("{}.sum", prefix());
    let start = async || {
        let (service, happens) = Service::new([route.clone()]);
        (service.named(&route).start(options().await).await, happens)
    };
    let mut replicas = vec![start().await, start().await];
    let stop = Arc::new(AtomicUsize::new(0));
    let client = NatsTransport::new(
        NatsTransportOptions::new(shared().await).request_timeout(Duration::from_secs(3)),
    );
    let callers: Vec<_> = (0..64)
        .map(|number| {
            let (client, route, stop) = (client.clone(), route.clone(), stop.clone());
            tokio::spawn(async move {
                let mut failed = Vec::new();
                let mut calls = 0;
                while stop.load(Ordering::SeqCst) == 0 {
                    calls += 1;
                    match client.send_json(&route, json!([number, 1])).await {
                        Ok(sum) => assert_eq!(sum, number + 1),
                        Err(error) => failed.push(error.message),
                    }
                }
                (calls, failed)
            })
        })
        .collect();
    for _ in 0..20 {
        let (old, mut happens) = replicas.remove(0);
        happens.one_starts().await;
        replicas.push(start().await);
        old.stop().await;
    }
    stop.store(1, Ordering::SeqCst);
    let (mut calls, mut failed) = (0, Vec::new());
    for caller in callers {
        let (made, errors) = caller.await.unwrap();
        calls += made;
        failed.extend(errors);
    }
    assert!(
        failed.is_empty(),
        "{} of {calls} calls: {}",
        failed.len(),
        failed[0]
    );
}

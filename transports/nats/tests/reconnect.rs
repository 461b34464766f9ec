//! Brokers that are not there, or not there all the time.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{Service, client, in_time, prefix};
use nestrs_brokers::{Broker, Proxy};
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, StartError, StatusStream, Transport};
use nestrs_transport_nats::{NatsMicroserviceOptions, NatsTransport, NatsTransportOptions};
use serde_json::json;

async fn next(status: &mut StatusStream) -> ClientStatus {
    in_time("a status", status.next()).await.unwrap()
}

#[tokio::test]
async fn a_connection_that_is_killed_is_back_on_both_sides() {
    let broker = Broker::nats().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    let url = broker.url_by(proxy.address());
    let (sum, gated) = (format!("{}.sum", prefix()), format!("{}.gated", prefix()));
    let (service, mut happens) = Service::new([sum.clone(), gated.clone()]);
    let mut server = service
        .start(NatsMicroserviceOptions::new(url.as_str()))
        .await;
    let client = client(&url);
    let mut status = client.status();
    assert_eq!(next(&mut status).await, ClientStatus::Disconnected);
    assert_eq!(client.send_json(&sum, json!([1, 2])).await, Ok(json!(3)));
    assert_eq!(next(&mut status).await, ClientStatus::Connected);
    assert_eq!(next(&mut server.status).await, ClientStatus::Connected);

    for _ in 0..3 {
        let (caller, pattern) = (client.clone(), gated.clone());
        let call = tokio::spawn(async move { caller.send_json(&pattern, json!(1)).await });
        happens.starts(&gated).await;
        let cut = Instant::now();
        proxy.cut();
        let error = in_time("the call fails", call).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
        while next(&mut server.status).await != ClientStatus::Connected {}
        assert_eq!(client.send_json(&sum, json!([1, 2])).await, Ok(json!(3)));
        assert!(
            cut.elapsed() < Duration::from_secs(2),
            "{:?}",
            cut.elapsed()
        );
        // It may have been there again before this looked.
        while next(&mut status).await != ClientStatus::Connected {}
        // Its answer is nobody's, and disturbs nobody.
        happens.gate.add_permits(1);
        assert!(happens.one_is_over().await);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_stream_whose_connection_is_lost_ends_with_an_error() {
    use futures_util::StreamExt;

    let broker = Broker::nats().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    let url = broker.url_by(proxy.address());
    let route = format!("{}.gated", prefix());
    let (service, mut happens) = Service::new([route.clone()]);
    let _server = service
        .start(NatsMicroserviceOptions::new(broker.url()))
        .await;
    let mut replies = client(&url)
        .send_stream(Outgoing::new(&route, "1"))
        .await
        .unwrap();
    happens.one_starts().await;
    proxy.cut();
    let error = in_time("the error", replies.next())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
}

#[tokio::test]
async fn a_broker_that_does_not_come_is_named() {
    let broker = Broker::nats().later().unwrap();
    let address = broker.url();
    let with_password = address.replace("nats://", "nats://ann:s3cr3t@");
    let (service, _happens) = Service::new(["a"]);
    let limit = Duration::from_millis(200);
    let options = NatsMicroserviceOptions::new(with_password.as_str()).connect_timeout(limit);
    let error = service.try_start(options).await.err().unwrap();
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    let client =
        NatsTransport::new(NatsTransportOptions::new(with_password).connect_timeout(limit));
    let call = client.send_json("a", json!(1)).await.unwrap_err();
    assert_eq!(call.kind(), ErrorKind::Connect);
    for said in [error.to_string(), call.message] {
        assert!(said.contains(&address), "{said}");
        assert!(said.contains("refused"), "{said}");
        assert!(!said.contains("s3cr3t"), "{said}");
    }
}

#[tokio::test]
async fn a_call_waits_for_the_connection_to_come_back() {
    let broker = Broker::nats().start().await.unwrap();
    let proxy = Proxy::start(broker.address()).await.unwrap();
    let route = format!("{}.sum", prefix());
    let (service, _happens) = Service::new([route.clone()]);
    let _server = service
        .start(NatsMicroserviceOptions::new(broker.url()))
        .await;
    let options = NatsTransportOptions::new(broker.url_by(proxy.address()));
    let hasty = NatsTransport::new(options.clone().connect_timeout(Duration::from_millis(500)));
    let patient = NatsTransport::new(options);
    for client in [&hasty, &patient] {
        client.connect().await.unwrap();
    }
    proxy.refuse().await;
    proxy.cut();
    for client in [&hasty, &patient] {
        let mut status = client.status();
        while next(&mut status).await != ClientStatus::Reconnecting {}
    }
    let error = hasty.send_json(&route, json!([1])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let (caller, pattern) = (patient.clone(), route.clone());
    let call = tokio::spawn(async move { caller.send_json(&pattern, json!([1])).await });
    proxy.accept().await;
    assert_eq!(in_time("the reply", call).await.unwrap(), Ok(json!(1)));
}

#[tokio::test]
async fn a_client_that_is_closed_fails_its_calls_and_connects_again() {
    let broker = Broker::nats().start().await.unwrap();
    let (sum, gated) = (format!("{}.sum", prefix()), format!("{}.gated", prefix()));
    let (service, mut happens) = Service::new([sum.clone(), gated.clone()]);
    let _server = service
        .start(NatsMicroserviceOptions::new(broker.url()))
        .await;
    let client = client(&broker.url());
    let caller = client.clone();
    let call = tokio::spawn(async move { caller.send_json(&gated, json!(1)).await });
    happens.one_starts().await;
    assert!(client.driver().unwrap().is::<async_nats::Client>());
    client.close().await;
    let error = in_time("the call fails", call).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert!(client.driver().is_none());
    assert_eq!(next(&mut client.status()).await, ClientStatus::Disconnected);
    assert_eq!(client.send_json(&sum, json!([1])).await, Ok(json!(1)));
    assert_eq!(next(&mut client.status()).await, ClientStatus::Connected);
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_broker_that_is_gone() {
    let mut broker = Broker::nats().start().await.unwrap();
    let (service, _happens) = Service::new(["a"]);
    let mut server = service
        .start(NatsMicroserviceOptions::new(broker.url()))
        .await;
    let client = client(&broker.url());
    client.connect().await.unwrap();
    broker.kill();
    while next(&mut server.status).await != ClientStatus::Reconnecting {}
    let stopped = Instant::now();
    server.stop().await;
    client.close().await;
    assert!(
        stopped.elapsed() < Duration::from_secs(5),
        "{:?}",
        stopped.elapsed()
    );
}

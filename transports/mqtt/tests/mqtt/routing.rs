//! Who gets what: groups, replicas and wildcards.

use nestrs_core::Transport;
use nestrs_transport_mqtt::MqttMicroserviceOptions;
use serde_json::json;

use crate::common::{Handlers, broker, client, serve, served, unique};

#[tokio::test]
async fn replicas_share_events_unless_they_are_broadcast() {
    for (broadcast, total) in [(false, 100), (true, 200)] {
        let topic = unique("replicas");
        let handlers = Handlers::new([&topic]).service("orders::App");
        let options = MqttMicroserviceOptions {
            broadcast,
            ..MqttMicroserviceOptions::new(broker().await)
        };
        let replicas = [
            serve(options.clone(), &handlers).await,
            serve(options, &handlers).await,
        ];
        let client = client().await;
        for number in 0..100 {
            client.emit_json(&topic, json!(number)).await.unwrap();
        }
        handlers.handled(total).await;
        for replica in replicas {
            replica.stop().await;
        }
        assert_eq!(
            handlers.seen().len(),
            total as usize,
            "broadcast: {broadcast}"
        );
    }
}

#[tokio::test]
async fn two_services_both_get_an_event() {
    let topic = unique("services");
    let (a, b) = (
        Handlers::new([&topic]).service("a::App"),
        Handlers::new([&topic]).service("b::App"),
    );
    let servers = [served(&a).await, served(&b).await];
    client().await.emit_json(&topic, json!(1)).await.unwrap();
    a.handled(1).await;
    b.handled(1).await;
    for server in servers {
        server.stop().await;
    }
    assert_eq!((a.seen().len(), b.seen().len()), (1, 1));
}

#[tokio::test]
async fn wildcards_get_what_they_stand_for_and_never_replies() {
    let prefix = unique("wild");
    let routes = [
        format!("{prefix}/+/echo"),
        format!("{prefix}/all/#"),
        format!("{prefix}/all/one"),
    ];
    let handlers = Handlers::new(routes);
    let server = served(&handlers).await;
    let client = client().await;
    for (topic, times) in [("7/echo", 1), ("all/x/y", 1), ("all/one", 1)] {
        let topic = format!("{prefix}/{topic}");
        assert_eq!(client.send_json(&topic, json!("hi")).await.unwrap(), "hi");
        let seen = handlers.seen();
        assert_eq!(
            seen.iter().filter(|(at, _)| *at == topic).count(),
            times,
            "{topic}"
        );
    }
    server.stop().await;
    assert_eq!(handlers.seen().len(), 3, "{:?}", handlers.seen());
}

#[tokio::test]
async fn a_pattern_may_name_its_group_as_with_nestjs() {
    let topic = unique("shared");
    let handlers = Handlers::new([format!("$share/workers/{topic}/+")]);
    let servers = [served(&handlers).await, served(&handlers).await];
    let client = client().await;
    assert_eq!(
        client
            .send_json(&format!("{topic}/a"), json!(1))
            .await
            .unwrap(),
        1
    );
    for server in servers {
        server.stop().await;
    }
    assert_eq!(handlers.seen().len(), 1);
}

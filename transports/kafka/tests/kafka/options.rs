//! Options that cannot work say so.

use std::time::Duration;

use nestrs_brokers::Broker;
use nestrs_core::{ErrorKind, StartError, Transport};
use nestrs_transport_kafka::rdkafka::ClientConfig;
use nestrs_transport_kafka::rdkafka::consumer::{Consumer, StreamConsumer};
use nestrs_transport_kafka::rdkafka::producer::Producer;
use nestrs_transport_kafka::{
    KafkaConnection, KafkaFailurePolicy, KafkaMicroserviceOptions, KafkaProducer, KafkaTopics,
    KafkaTransport, KafkaTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{SOON, Server, client, server_options, soon, unique, url};
use crate::raw::{Raw, committed};

async fn start_error(options: KafkaMicroserviceOptions, routes: &[&str]) -> StartError {
    start_error_of(options, routes, Value::Null).await
}

async fn start_error_of(
    options: KafkaMicroserviceOptions,
    routes: &[&str],
    extras: Value,
) -> StartError {
    let routes: Vec<_> = routes.iter().map(ToString::to_string).collect();
    let started = Server::try_of(&unique("service"), options, &routes, extras).await;
    started.err().expect("it cannot start")
}

#[tokio::test]
async fn nonsense_is_named_before_anything_is_tried() {
    let cases = [
        (
            start_error(KafkaMicroserviceOptions::new("kafka://a:b"), &["x"]).await,
            "write `host:port`",
        ),
        (
            start_error(KafkaMicroserviceOptions::default(), &[r#"{"cmd":"sum"}"#]).await,
            "no topic",
        ),
        (
            start_error(
                KafkaMicroserviceOptions::new(KafkaConnection::default().property("no.such", "1")),
                &["x"],
            )
            .await,
            "no.such",
        ),
        (
            start_error_of(
                KafkaMicroserviceOptions::default(),
                &["x"],
                json!({ "batch": "a" }),
            )
            .await,
            "is no number",
        ),
        (
            start_error(
                KafkaMicroserviceOptions::default().on_failure(KafkaFailurePolicy {
                    dead_letters: Some("the dead".to_owned()),
                    ..KafkaFailurePolicy::default()
                }),
                &["x"],
            )
            .await,
            "`dead_letters`",
        ),
    ];
    for (error, says) in cases {
        assert!(matches!(error, StartError::Options { .. }), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_named_by_either_side() {
    let mut options = KafkaMicroserviceOptions::new("127.0.0.1:1");
    options.connect_timeout = Duration::from_millis(300);
    let error = start_error(options, &["x"]).await;
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");

    let client = KafkaTransport::new(KafkaTransportOptions {
        connect_timeout: Duration::from_millis(300),
        ..KafkaTransportOptions::new("127.0.0.1:1")
    });
    let error = client.send_json("x", json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message.contains("127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn a_group_that_shares_in_another_way_is_named() {
    let (service, route) = (unique("service"), unique("t"));
    let raw = Raw::new().await;
    raw.topic(&route, 1).await;
    // As kafkajs does, under a name that librdkafka has not.
    let mut other = ClientConfig::new();
    other
        .set("bootstrap.servers", url().await)
        .set("group.id", format!("{service}-server"))
        .set("partition.assignment.strategy", "range");
    let other: StreamConsumer = other.create().unwrap();
    other.subscribe(&[&route]).unwrap();
    let joined = async {
        while other.assignment().unwrap().count() == 0 {
            tokio::select! {
                _ = other.recv() => {}
                () = tokio::time::sleep(Duration::from_millis(50)) => {}
            }
        }
    };
    soon("the other is in the group", joined).await;
    let started = Server::try_of(&service, server_options().await, &[route], Value::Null).await;
    let error = started.err().expect("it is not let in");
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("`group_id`"), "{error}");
}

#[tokio::test]
async fn a_start_that_is_given_up_leaves_nothing() {
    let options = KafkaMicroserviceOptions::new("127.0.0.1:1");
    let starting = start_error(options, &["x"]);
    let given_up = tokio::time::timeout(Duration::from_millis(100), starting).await;
    assert!(given_up.is_err());
}

#[tokio::test]
async fn a_server_of_nothing_starts_and_stops() {
    let server = Server::start(server_options().await, &[]).await;
    soon("it stops", server.stop()).await;
}

#[tokio::test]
async fn topics_are_created_as_they_are_asked_for() {
    let (route, like) = (
        unique("topic"),
        KafkaTopics {
            partitions: 3,
            ..KafkaTopics::default()
        },
    );
    let options = server_options().await.create_topics(like.clone());
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    let client = KafkaTransport::new(KafkaTransportOptions::new(url().await).create_topics(like));
    assert_eq!(client.send_json(&route, json!(1)).await.unwrap(), 1);
    let driver = client.driver().unwrap();
    let producer: &KafkaProducer = driver.downcast_ref().unwrap();
    for topic in [&route, &format!("{route}.reply")] {
        let metadata = producer
            .driver()
            .client()
            .fetch_metadata(Some(topic), SOON)
            .unwrap();
        assert_eq!(metadata.topics()[0].partitions().len(), 3, "{topic}");
    }
    server.stop().await;
}

#[tokio::test]
async fn where_nobody_creates_topics_they_are_named_and_can_be_created() {
    let broker = Broker::kafka().config("auto.create.topics.enable=false");
    let broker = broker.start().await.unwrap();
    let route = format!("{}.fail", unique("t"));
    let mut options = KafkaMicroserviceOptions::new(broker.url());
    options.connect_timeout = Duration::from_secs(2);
    let error = start_error(options.clone(), &[&route]).await;
    assert!(matches!(error, StartError::Options { .. }), "{error:?}");
    for says in [&*route, "`create_topics`"] {
        assert!(error.to_string().contains(says), "{error}");
    }

    options.on_failure.backoff = Duration::from_millis(1);
    let options = options.create_topics(KafkaTopics::default());
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    // Its topic of replies is not there.
    let client = KafkaTransport::new(KafkaTransportOptions {
        request_timeout: Duration::from_secs(20),
        ..KafkaTransportOptions::new(broker.url())
    });
    let error = client.send_json(&route, json!(1)).await.unwrap_err();
    for says in [&*format!("{route}.reply"), "`create_topics`"] {
        assert!(error.message.contains(says), "{error}");
    }
    let options = KafkaTransportOptions::new(broker.url());
    let client = KafkaTransport::new(options.create_topics(KafkaTopics::default()));
    let error = client.send_json(&route, json!(1)).await.unwrap_err();
    assert_eq!(error.message, "boom");

    let error = client.emit_json("no.such.topic", json!(1)).await;
    let error = error.unwrap_err().message;
    assert!(error.contains("\"no.such.topic\""), "{error}");
    assert!(error.contains("create it"), "{error}");

    // Neither is that of dead letters.
    client.emit_json(&route, json!(2)).await.unwrap();
    server.journal.until_begun(4).await;
    let dead = format!("{route}.dead");
    let buried = async {
        loop {
            // A client remembers for a while that there was no such topic.
            let mut config = ClientConfig::new();
            config.set("bootstrap.servers", broker.url());
            config.set("group.id", "looks");
            let dead = dead.clone();
            let count = move || {
                let consumer: StreamConsumer = config.create().unwrap();
                let marks = consumer.fetch_watermarks(&dead, 0, Duration::from_secs(1));
                marks.map_or(0, |(_, next)| next)
            };
            if tokio::task::spawn_blocking(count).await.unwrap() == 1 {
                return;
            }
        }
    };
    soon("the event is among the dead", buried).await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_the_broker_does_not_allow_is_named() {
    let mut options = server_options().await;
    options.session_timeout = Duration::from_millis(10);
    let error = start_error(options, &[&unique("t")]).await;
    assert!(matches!(error, StartError::Connect { .. }), "{error:?}");
    assert!(error.to_string().contains("`session_timeout`"), "{error}");
}

#[tokio::test]
async fn the_group_has_the_name_that_is_said() {
    let (name, route) = (unique("orders"), unique("t"));
    let options = server_options().await.group_id(&name);
    let server = Server::start(options, std::slice::from_ref(&route)).await;
    client().await.emit_json(&route, json!(1)).await.unwrap();
    server.journal.until_begun(1).await;
    server.stop().await;
    assert_eq!(committed(&name, &route, 0).await, Some(1));
}

#[tokio::test]
async fn records_may_wait_for_others() {
    let linger = Duration::from_millis(700);
    let client = KafkaTransport::new(KafkaTransportOptions {
        linger,
        ..KafkaTransportOptions::new(url().await)
    });
    let route = unique("t");
    client.emit_json(&route, json!(1)).await.unwrap();
    let begun = std::time::Instant::now();
    client.emit_json(&route, json!(1)).await.unwrap();
    assert!(begun.elapsed() >= linger, "{:?}", begun.elapsed());
}

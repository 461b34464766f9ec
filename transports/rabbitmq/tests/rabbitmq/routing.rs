//! Who is sent what.

use nestrs_core::{Outgoing, StartError, Transport, TransportServer};
use nestrs_transport_rabbitmq::{
    RabbitMqExchange, RabbitMqMicroserviceOptions, RabbitMqQueueOptions, RabbitMqRouting,
    RabbitMqTransport, RabbitMqTransportOptions,
};
use serde_json::json;

use crate::common::{Raw, Server, client_options, server_options, text, unique};

async fn client(routing: &RabbitMqRouting) -> RabbitMqTransport {
    RabbitMqTransport::new(client_options().await.routing(routing.clone()))
}

async fn server(routing: &RabbitMqRouting) -> RabbitMqMicroserviceOptions {
    server_options().await.routing(routing.clone())
}

#[tokio::test]
async fn services_on_default_options_never_take_each_others_messages() {
    let (orders, billing) = (unique("orders"), unique("billing"));
    let [created, paid] = [format!("{orders}.created"), format!("{billing}.paid")];
    let options = server_options().await;
    let a = Server::of(
        Some(&orders),
        options.clone(),
        &[&created, "shared.of.this.test"],
    )
    .await;
    let b = Server::of(
        Some(&billing),
        options.clone(),
        &[&paid, "shared.of.this.test"],
    )
    .await;
    let replica = Server::of(Some(&billing), options, &[&paid, "shared.of.this.test"]).await;

    let client = RabbitMqTransport::new(client_options().await);
    for n in 0..20 {
        client.emit_json(&created, json!(n)).await.unwrap();
        client.emit_json(&paid, json!(100 + n)).await.unwrap();
    }
    assert_eq!(client.send_json(&created, json!("a")).await.unwrap(), "a");
    assert_eq!(client.send_json(&paid, json!("b")).await.unwrap(), "b");

    let of_a = a.journal.until_begun(21).await;
    assert!(
        of_a.iter()
            .all(|n| n == "a" || n.as_u64().is_some_and(|n| n < 20)),
        "{of_a:?}"
    );
    // Two instances share what is for one of them.
    let mut of_b = b.journal.begun.borrow().clone();
    of_b.extend(replica.journal.begun.borrow().iter().cloned());
    let both = b.journal.until("the rest", |begun| {
        begun.len() + replica.journal.begun.borrow().len() >= 21
    });
    both.await;
    let mut of_b = b.journal.begun.borrow().clone();
    let of_replica = replica.journal.begun.borrow().clone();
    assert!(!of_replica.is_empty() && !of_b.is_empty());
    of_b.extend(of_replica);
    assert_eq!(of_b.len(), 21, "{of_b:?}");
    assert!(
        of_b.iter()
            .all(|n| n == "b" || n.as_u64().is_some_and(|n| n >= 100)),
        "{of_b:?}"
    );

    // What both listen to is sent to both, once for each service.
    client
        .emit_json("shared.of.this.test", json!("all"))
        .await
        .unwrap();
    a.journal
        .until("it", |begun| begun.last().unwrap() == "all")
        .await;
}

#[tokio::test]
async fn events_wait_for_a_service_that_is_away() {
    let service = unique("away");
    let route = format!("{service}.created");
    let first = Server::of(Some(&service), server_options().await, &[&route]).await;
    first.stop().await;
    let client = RabbitMqTransport::new(client_options().await);
    client.emit_json(&route, json!(1)).await.unwrap();
    let next = Server::of(Some(&service), server_options().await, &[&route]).await;
    assert_eq!(next.journal.until_begun(1).await, [1]);
}

#[tokio::test]
async fn fanout_goes_to_every_instance() {
    let routing = RabbitMqRouting::fanout(unique("fanout"));
    let a = Server::start(server(&routing).await, &["seen"]).await;
    let b = Server::start(server(&routing).await, &["seen"]).await;
    client(&routing)
        .await
        .emit_json("seen", json!(1))
        .await
        .unwrap();
    assert_eq!(a.journal.until_begun(1).await, [1]);
    assert_eq!(b.journal.until_begun(1).await, [1]);
}

#[tokio::test]
async fn a_bound_queue_is_reached_straight_and_by_its_exchange() {
    let (exchange, queue) = (unique("exchange"), unique("bound"));
    let routing = RabbitMqRouting::Bound {
        exchange: exchange.clone(),
        kind: RabbitMqExchange::Direct,
        queue,
        routing_key: "orders".to_owned(),
    };
    let bound = Server::start(server(&routing).await, &["seen"]).await;
    client(&routing)
        .await
        .emit_json("seen", json!(1))
        .await
        .unwrap();
    bound.journal.until_begun(1).await;
    let body = br#"{"pattern":"seen","data":2}"#;
    let raw = Raw::connect().await;
    let publish = raw.channel.basic_publish(
        exchange.as_str().into(),
        "orders".into(),
        Default::default(),
        body,
        Default::default(),
    );
    publish.await.unwrap();
    assert_eq!(bound.journal.until_begun(2).await, [1, 2]);
}

#[tokio::test]
async fn higher_priorities_come_first() {
    let routing = RabbitMqRouting::queue(unique("priorities"));
    let of_queue = RabbitMqQueueOptions {
        max_priority: Some(9),
        ..RabbitMqQueueOptions::default()
    };
    let options = client_options().await.routing(routing.clone());
    let client = RabbitMqTransport::new(options.queue(of_queue.clone()));
    for priority in [1, 9, 5] {
        let record = nestrs_transport_rabbitmq::RabbitMqRecord {
            priority: Some(priority),
            ..Default::default()
        };
        let message = Outgoing::new("seen", priority.to_string()).record(record);
        client.emit(message).await.unwrap();
    }
    let options = server(&routing).await.queue(of_queue).prefetch(1);
    let server = Server::start(options, &["seen"]).await;
    assert_eq!(server.journal.until_begun(3).await, [9, 5, 1]);
}

#[tokio::test]
async fn a_queue_that_is_there_with_other_options_is_a_reason_not_to_start() {
    let routing = RabbitMqRouting::queue(unique("other"));
    let _first = Server::start(server(&routing).await, &["seen"]).await;
    let other = RabbitMqQueueOptions {
        max_length: Some(10),
        ..RabbitMqQueueOptions::default()
    };
    struct Nothing;
    impl nestrs_core::Dispatch for Nothing {
        fn dispatch(
            &self,
            _: nestrs_core::Message,
        ) -> nestrs_core::dispatch::BoxFuture<'static, nestrs_core::Answer> {
            Box::pin(async { nestrs_core::Answer::NoHandler })
        }
        fn routes(&self) -> Vec<String> {
            Vec::new()
        }
    }
    let options = Box::new(server(&routing).await.queue(other.clone()));
    let start = options.start(std::sync::Arc::new(Nothing), Default::default());
    let error = start.await.unwrap_err();
    assert!(matches!(error, StartError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("other options"), "{error}");

    let options = client_options().await.routing(routing).queue(other);
    let error = RabbitMqTransport::new(options).connect().await.unwrap_err();
    assert!(error.to_string().contains("other options"), "{error}");
}

#[tokio::test]
async fn what_no_queue_is_bound_for_goes_where_the_exchange_says() {
    let (exchange, elsewhere) = (unique("exchange"), unique("elsewhere"));
    let raw = Raw::connect().await;
    raw.declare_fanout(&elsewhere).await;
    let mut arguments = serde_json::Map::new();
    arguments.insert("alternate-exchange".to_owned(), json!(elsewhere));
    let routing = RabbitMqRouting::topic(&exchange);
    let options = RabbitMqMicroserviceOptions {
        exchange_arguments: arguments.clone(),
        ..server(&routing).await
    };
    let server = Server::start(options, &["echo"]).await;
    let options = || async { client_options().await.routing(routing.clone()) };
    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        exchange_arguments: arguments,
        ..options().await
    });
    client.emit_json("nobody.listens", json!(7)).await.unwrap();
    let stray = raw.get(&elsewhere).await;
    assert_eq!(text(&stray), r#"{"pattern":"nobody.listens","data":7}"#);
    assert_eq!(client.send_json("echo", json!(1)).await.unwrap(), 1);
    // Whoever says otherwise of the exchange is told.
    let other = RabbitMqTransport::new(options().await);
    let error = other.connect().await.unwrap_err();
    assert!(error.message.contains("alternate-exchange"), "{error}");
    server.stop().await;

    let queue = RabbitMqTransport::new(RabbitMqTransportOptions {
        exchange_arguments: serde_json::Map::from_iter([("a".to_owned(), json!(1))]),
        ..client_options().await.routing(RabbitMqRouting::queue("q"))
    });
    let error = queue.connect().await.unwrap_err();
    assert!(error.message.contains("`exchange_arguments`"), "{error}");
}

//! What NestJS peers put on the wire, recorded, on either side of us.

use nestrs_core::{Outgoing, Transport};
use nestrs_transport_rabbitmq::lapin::BasicProperties;
use nestrs_transport_rabbitmq::lapin::types::{AMQPValue, FieldTable};
use nestrs_transport_rabbitmq::{
    RabbitMqRecord, RabbitMqRouting, RabbitMqTransport, RabbitMqTransportOptions,
};
use serde_json::{Value, json};

use crate::common::{Raw, Server, client_options, next, pair, server_options, soon, text, unique};

const NO_HANDLER: &str = "There is no matching message handler defined in the remote service.";

/// What a NestJS client sends beside its body.
fn asks(reply_to: &str) -> BasicProperties {
    BasicProperties::default()
        .with_headers(FieldTable::default())
        .with_delivery_mode(1)
        .with_correlation_id("corr1".into())
        .with_reply_to(reply_to.into())
}

#[tokio::test]
async fn replies_are_those_of_a_nestjs_server() {
    let routes = [r#"{"cmd":"sum"}"#, "stream", "fail"];
    let (_server, _, queue) = pair(|options| options, &routes).await;
    let raw = Raw::connect().await;
    let mut replies = raw.consume_new().await;
    for (body, expected) in [
        (
            r#"{"pattern":{"cmd":"sum"},"data":[1,2],"id":"x"}"#,
            vec![r#"{"response":3,"isDisposed":true}"#.to_owned()],
        ),
        (
            r#"{"pattern":"{\"cmd\":\"sum\"}","data":[1,2],"id":null}"#,
            vec![r#"{"response":3,"isDisposed":true}"#.to_owned()],
        ),
        (
            r#"{"pattern":"stream","data":{},"id":"x"}"#,
            vec![
                r#"{"response":1}"#.to_owned(),
                r#"{"response":2,"isDisposed":true}"#.to_owned(),
            ],
        ),
        (
            r#"{"pattern":"fail","data":{},"id":"x"}"#,
            vec![r#"{"err":{"status":"error","message":"boom"},"isDisposed":true}"#.to_owned()],
        ),
        (
            r#"{"pattern":"nope","data":{},"id":"x"}"#,
            vec![format!(
                r#"{{"id":"x","err":"{NO_HANDLER}","status":"error"}}"#
            )],
        ),
    ] {
        raw.publish(&queue, body, asks(replies.queue().as_str()))
            .await;
        for expected in expected {
            let reply = next(&mut replies).await;
            assert_eq!(text(&reply), expected);
            let properties = BasicProperties::default().with_correlation_id("corr1".into());
            assert_eq!(reply.properties, properties, "{body}");
        }
    }
}

#[tokio::test]
async fn only_an_id_makes_a_request() {
    let (server, _, queue) = pair(|options| options, &["echo"]).await;
    let raw = Raw::connect().await;
    let mut replies = raw.consume_new().await;
    let to = replies.queue();
    raw.publish(&queue, r#"{"pattern":"echo","data":1}"#, asks(to.as_str()))
        .await;
    raw.publish(
        &queue,
        r#"{"pattern":"echo","data":2,"id":"x"}"#,
        BasicProperties::default(),
    )
    .await;
    raw.publish(
        &queue,
        r#"{"pattern":"echo","data":3,"id":"x"}"#,
        asks(to.as_str()),
    )
    .await;
    let reply = next(&mut replies).await;
    assert_eq!(text(&reply), r#"{"response":3,"isDisposed":true}"#);
    assert_eq!(server.journal.until_begun(3).await, [1, 2, 3]);
}

/// A client of a queue that nobody consumes but us.
async fn captured(
    options: impl FnOnce(RabbitMqTransportOptions) -> RabbitMqTransportOptions,
) -> (RabbitMqTransport, Raw, String) {
    let queue = unique("cap");
    let raw = Raw::connect().await;
    raw.declare(&queue).await;
    let client = client_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    (RabbitMqTransport::new(options(client)), raw, queue)
}

#[tokio::test]
async fn requests_are_those_of_a_nestjs_client() {
    let (client, raw, queue) = captured(|options| options).await;
    let mut requests = raw.consume(&queue).await;
    let call = tokio::spawn(async move { client.send_json(r#"{"a":2,"b":1}"#, json!([1])).await });

    let request = next(&mut requests).await;
    let id = request.properties.correlation_id().clone().unwrap();
    let body: Value = serde_json::from_slice(&request.data).unwrap();
    // NestJS takes an object's text for the object.
    let pattern = r#"{"a":2,"b":1}"#;
    assert_eq!(
        body,
        json!({ "pattern": pattern, "data": [1], "id": id.as_str() })
    );
    assert_eq!(request.exchange.as_str(), "");
    assert_eq!(*request.properties.delivery_mode(), Some(1));
    let reply_to = request.properties.reply_to().clone().unwrap();
    assert!(
        reply_to.as_str().starts_with("amq.rabbitmq.reply-to."),
        "{reply_to}"
    );

    for body in [
        r#"{"response":[1,2],"isDisposed":true}"#,
        r#"{"response":3,"isDisposed":true}"#,
    ] {
        let properties = BasicProperties::default().with_correlation_id(id.clone());
        raw.publish(reply_to.as_str(), body, properties).await;
    }
    assert_eq!(soon("a reply", call).await.unwrap().unwrap(), json!([1, 2]));
}

#[tokio::test]
async fn events_are_those_of_a_nestjs_client() {
    let (client, raw, queue) = captured(|options| RabbitMqTransportOptions {
        persistent: false,
        ..options
    })
    .await;
    client.emit_json("ev", json!({ "q": 1 })).await.unwrap();
    let event = raw.get(&queue).await;
    assert_eq!(text(&event), r#"{"pattern":"ev","data":{"q":1}}"#);
    let properties = BasicProperties::default()
        .with_headers(FieldTable::default())
        .with_delivery_mode(1);
    assert_eq!(event.properties, properties);
}

#[tokio::test]
async fn records_are_those_of_a_nestjs_client() {
    let (client, raw, queue) = captured(|options| options).await;
    let record = RabbitMqRecord {
        priority: Some(3),
        expiration: Some(std::time::Duration::from_secs(5)),
        content_type: Some("application/json".to_owned()),
        persistent: Some(false),
        ..RabbitMqRecord::default()
    };
    let message = Outgoing::new("rec", r#"{"d":1}"#)
        .header("h", "1")
        .record(record);
    client.emit(message).await.unwrap();
    let event = raw.get(&queue).await;
    let mut headers = FieldTable::default();
    headers.insert("h".into(), AMQPValue::LongString("1".into()));
    let properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_headers(headers)
        .with_delivery_mode(1)
        .with_priority(3)
        .with_expiration("5000".into());
    assert_eq!(event.properties, properties);
}

#[tokio::test]
async fn wildcards_are_those_of_nestjs() {
    let queue = unique("wsrv");
    let routing = RabbitMqRouting::wildcards(&queue);
    let options = server_options().await.routing(routing.clone());
    let server = Server::start(options, &["users.*", r#"{"cmd":"sum"}"#]).await;
    let raw = Raw::connect().await;
    let mut replies = raw.consume_new().await;
    for (key, body, reply) in [
        (
            "users.42",
            r#"{"pattern":"users.42","data":"hi","id":"x"}"#,
            r#""hi""#,
        ),
        (
            r#"{"cmd":"sum"}"#,
            r#"{"pattern":{"cmd":"sum"},"data":[1],"id":"x"}"#,
            "1",
        ),
    ] {
        let exchange = queue.as_str().into();
        let properties = asks(replies.queue().as_str());
        let publish = raw.channel.basic_publish(
            exchange,
            key.into(),
            Default::default(),
            body.as_bytes(),
            properties,
        );
        publish.await.unwrap();
        let expected = format!(r#"{{"response":{reply},"isDisposed":true}}"#);
        assert_eq!(text(&next(&mut replies).await), expected);
    }
    server.stop().await;
}

//! What NestJS 11 and 12 put on the wire, recorded, on either side of us. They
//! do not differ.

use std::sync::Arc;

use crate::common::LIMIT;
use crate::raw::Raw;
use bytes::Bytes;
use nestrs_brokers::Broker;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, Dispatch, Message, Shutdown, Transport, TransportError, TransportServer,
};
use nestrs_transport_mqtt::{
    MqttContext, MqttMicroserviceOptions, MqttTransport, MqttTransportOptions,
};
use serde_json::{Value, json};

const SUM: &str = r#"{"cmd":"sum"}"#;
/// The route of a pattern whose keys came in another order.
const SHUFFLED: &str = r#"{"a":"x","B":true,"n":null,"o":{"x":2,"y":{"0":1,"1":"q\""}},"z":1}"#;

/// The service that was recorded.
struct Recorded;

impl Dispatch for Recorded {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let topic = &message.context.native::<MqttContext>().unwrap().topic;
        let data: Value = serde_json::from_slice(&message.payload).unwrap();
        let json = |value: Value| Bytes::from(value.to_string());
        let one = |value| Answer::One(Ok(Some(json(value))));
        let answer = match topic.as_str() {
            SUM | SHUFFLED => {
                let numbers = data.as_array().unwrap().iter();
                one(json!(numbers.filter_map(Value::as_i64).sum::<i64>()))
            }
            "streaming" => {
                let items = data.as_array().unwrap().clone();
                let items = items.into_iter().map(move |item| Ok(json(item)));
                Answer::Many(Box::pin(futures_util::stream::iter(
                    items.collect::<Vec<_>>(),
                )))
            }
            "fail" => Answer::One(Err(TransportError::new("boom"))),
            "users/42" => one(json!(format!("wild:{data}"))),
            _ => Answer::NoHandler,
        };
        Box::pin(async { answer })
    }

    fn routes(&self) -> Vec<String> {
        [SUM, SHUFFLED, "streaming", "fail", "users/+"]
            .map(str::to_owned)
            .into()
    }
}

/// Topic, request, replies.
const EXCHANGES: [(&str, &str, &[&str]); 5] = [
    (
        SUM,
        r#"{"pattern":{"cmd":"sum"},"data":[1,2,3],"id":"1c5734a8741587d060c0d"}"#,
        &[r#"{"response":6,"isDisposed":true,"id":"1c5734a8741587d060c0d"}"#],
    ),
    (
        SHUFFLED,
        r#"{"pattern":{"o":{"x":2,"y":[1,"q\""]},"n":null,"B":true,"a":"x","z":1},"data":[4],"id":"c5734a8741587d060c0dd"}"#,
        &[r#"{"response":4,"isDisposed":true,"id":"c5734a8741587d060c0dd"}"#],
    ),
    (
        "streaming",
        r#"{"pattern":"streaming","data":[1,2,3],"id":"5734a8741587d060c0dd7"}"#,
        &[
            r#"{"response":1,"id":"5734a8741587d060c0dd7"}"#,
            r#"{"response":2,"id":"5734a8741587d060c0dd7"}"#,
            r#"{"response":3,"isDisposed":true,"id":"5734a8741587d060c0dd7"}"#,
        ],
    ),
    (
        "fail",
        r#"{"pattern":"fail","data":{},"id":"734a8741587d060c0dd73"}"#,
        &[
            r#"{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":"734a8741587d060c0dd73"}"#,
        ],
    ),
    (
        "users/42",
        r#"{"pattern":"users/42","data":"hi","id":"34a8741587d060c0dd733"}"#,
        &[r#"{"response":"wild:\"hi\"","isDisposed":true,"id":"34a8741587d060c0dd733"}"#],
    ),
];

#[tokio::test]
async fn requests_are_answered_as_by_a_nestjs_server() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let options = Box::new(MqttMicroserviceOptions::new(broker.url()));
    let _server = options
        .start(Arc::new(Recorded), Shutdown::new())
        .await
        .unwrap();
    for (topic, request, replies) in EXCHANGES {
        let reply_topic = format!("{topic}/reply");
        let mut raw = Raw::connect(&broker.url(), &[&reply_topic]).await;
        raw.publish(topic, request).await;
        for reply in replies {
            assert_eq!(raw.next().await, (reply_topic.clone(), (*reply).to_owned()));
        }
    }
}

#[tokio::test]
async fn requests_are_those_of_a_nestjs_client() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let client = MqttTransport::new(MqttTransportOptions::new(broker.url()));
    for (topic, request, replies) in EXCHANGES {
        let mut raw = Raw::connect(&broker.url(), &[topic]).await;
        let recorded: Value = serde_json::from_str(request).unwrap();
        let (pattern, data) = (&recorded["pattern"], recorded["data"].clone());
        // A route is what our clients are given.
        let route = match pattern {
            Value::String(text) => text.clone(),
            _ => topic.to_owned(),
        };
        let call = tokio::spawn({
            let client = client.clone();
            async move {
                let message = nestrs_core::Outgoing::new(&route, data.to_string());
                let mut items = client.send_stream(message).await.unwrap();
                let mut seen = Vec::new();
                while let Some(item) = futures_util::StreamExt::next(&mut items).await {
                    seen.push(item);
                }
                seen
            }
        });
        let (_, ours) = raw.next().await;
        let id = serde_json::from_str::<Value>(&ours).unwrap()["id"].clone();
        // What peers of nestrs tell each other stands where NestJS 12 has metadata.
        let metadata = r#","metadata":{"nestrs-timeout-ms":"0"}"#;
        let written = match pattern {
            // In the order of the route, which is what a server compares.
            Value::Object(_) => route_of(topic, request),
            _ => request.to_owned(),
        };
        let expected = written.replace(r#","id":"#, &format!(r#"{metadata},"id":"#));
        let recorded_id = recorded["id"].to_string();
        assert_eq!(ours, expected.replace(&recorded_id, &id.to_string()));

        for reply in replies {
            let reply = reply.replace(&recorded_id, &id.to_string());
            raw.publish(&format!("{topic}/reply"), &reply).await;
        }
        let seen = tokio::time::timeout(LIMIT, call).await.unwrap().unwrap();
        let expected = replies.iter().filter_map(|reply| {
            let reply: Value = serde_json::from_str(reply).unwrap();
            match reply.get("err") {
                Some(error) => Some(Err(TransportError::from_wire(error.clone()))),
                None => Some(Ok(Bytes::from(reply.get("response")?.to_string()))),
            }
        });
        assert_eq!(seen, expected.collect::<Vec<_>>());
    }
}

/// A request whose pattern is written as its route.
fn route_of(route: &str, request: &str) -> String {
    let (_, behind) = request.split_once(r#","data":"#).unwrap();
    format!(r#"{{"pattern":{route},"data":{behind}"#)
}

#[tokio::test]
async fn events_are_those_of_a_nestjs_client() {
    let broker = Broker::mosquitto().start().await.unwrap();
    let mut raw = Raw::connect(&broker.url(), &["notification"]).await;
    let client = MqttTransport::new(MqttTransportOptions::new(broker.url()));
    client
        .emit_json("notification", json!({ "a": 1 }))
        .await
        .unwrap();
    let event = r#"{"pattern":"notification","data":{"a":1}}"#;
    assert_eq!(
        raw.next().await,
        ("notification".to_owned(), event.to_owned())
    );
}

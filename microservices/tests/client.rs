//! Clients over a transport that answers from memory.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::{ErrorKind, Outgoing, Pattern, Replies};
use nestrs_microservices::{ClientProxy, Transport, TransportError, async_trait};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Replies with fixed bytes and keeps what was sent, as bytes: the methods
/// with a `Value` are never called.
#[derive(Default)]
struct Canned {
    replies: Vec<Result<Option<&'static str>, TransportError>>,
    sent: Mutex<Vec<String>>,
}

impl Canned {
    fn client(
        replies: impl IntoIterator<Item = Result<Option<&'static str>, TransportError>>,
    ) -> (Arc<Self>, ClientProxy) {
        let canned = Arc::new(Self {
            replies: replies.into_iter().collect(),
            sent: Mutex::default(),
        });
        (canned.clone(), ClientProxy::new(canned))
    }

    fn record(&self, how: &str, message: &Outgoing<'_>) {
        let payload = std::str::from_utf8(&message.payload).unwrap();
        let sent = format!("{how} {} {payload}", message.pattern);
        self.sent.lock().unwrap().push(sent);
    }
}

#[async_trait]
impl Transport for Canned {
    async fn send_json(&self, _: &str, _: Value) -> Result<Value, TransportError> {
        panic!("the client has bytes");
    }
    async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
        panic!("the client has bytes");
    }
    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        self.record("send", &message);
        self.replies[0].clone().map(|reply| reply.map(Bytes::from))
    }
    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        self.record("emit", &message);
        self.replies[0].clone().map(drop)
    }
    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        self.record("stream", &message);
        let items = self.replies.clone();
        let bytes = |item: Result<Option<&'static str>, _>| item.map(|i| Bytes::from(i.unwrap()));
        Ok(stream::iter(items).map(bytes).boxed())
    }
    async fn close(&self) {
        self.sent.lock().unwrap().push("close".to_owned());
    }
}

#[derive(Serialize, Deserialize, Debug, PartialEq)]
struct Sum {
    result: f64,
}

#[tokio::test]
async fn payloads_go_out_and_replies_come_in_as_bytes() {
    let (canned, client) = Canned::client([Ok(Some(r#"{"result":3}"#))]);
    let pattern = Pattern::from(json!({ "b": 1, "a": 2 }));
    let sum: Sum = client.send("math.add", &[1, 2]).await.unwrap();
    assert_eq!(sum, Sum { result: 3.0 });
    client.emit(&pattern, "text").await.unwrap();
    client.clone().close().await;
    let sent = canned.sent.lock().unwrap().clone();
    let expected = [
        "send math.add [1,2]",
        r#"emit {"a":2,"b":1} "text""#,
        "close",
    ];
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_reply_without_a_value_is_null() {
    let (_, client) = Canned::client([Ok(None)]);
    assert_eq!(client.send("a", &()).await, Ok(()));
    assert_eq!(client.send("a", &()).await, Ok(None::<Sum>));
    assert_eq!(client.send("a", &()).await, Ok(Value::Null));
    let error = client.send::<_, Sum>("a", &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
}

#[tokio::test]
async fn a_reply_of_another_type_names_pattern_type_and_field() {
    let (_, client) = Canned::client([Ok(Some(r#"{"result":"3"}"#))]);
    let error = client.send::<_, Sum>("math.add", &()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert_eq!(
        error.message,
        "the reply to `math.add` is no `client::Sum`: \
         at `result`: invalid type: string \"3\", expected f64"
    );
}

#[tokio::test]
async fn errors_of_the_peer_come_as_they_are() {
    let no = TransportError::new("no").with_details(json!({ "code": 42 }));
    let (_, client) = Canned::client([Err(no.clone())]);
    assert_eq!(client.send::<_, Value>("a", &()).await, Err(no.clone()));
    assert_eq!(client.emit("a", &()).await, Err(no));
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_not_sent() {
    let (canned, client) = Canned::client([Ok(None)]);
    let keyed_by_units = std::collections::HashMap::from([((), 1)]);
    let error = client
        .send::<_, ()>("a", &keyed_by_units)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert!(error.message.contains("the payload for `a`"), "{error}");
    assert!(canned.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_stream_brings_every_reply() {
    let gone = TransportError::new("gone");
    let replies = [Ok(Some("1")), Ok(Some("\"x\"")), Ok(Some("3")), Err(gone)];
    let (canned, client) = Canned::client(replies);
    let items = client.send_stream::<_, u8>("count", &3).await.unwrap();
    let shown: Vec<_> = items
        .map(|item| item.map_or_else(|error| error.message, |n| n.to_string()))
        .collect()
        .await;
    let wrong =
        "the reply to `count` is no `u8`: invalid type: string \"x\", expected u8".to_owned();
    assert_eq!(
        shown,
        ["1".to_owned(), wrong, "3".to_owned(), "gone".to_owned()]
    );
    assert_eq!(*canned.sent.lock().unwrap(), ["stream count 3"]);
}

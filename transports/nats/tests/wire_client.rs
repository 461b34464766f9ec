//! What our client publishes, and what it makes of what peers answer.
#![allow(clippy::unwrap_used)]

mod common;

use async_nats::{Client, Message, Subscriber};
use common::{client, in_time, prefix, shared};
use futures_util::StreamExt;
use nestrs_core::{ErrorKind, Outgoing, Transport};
use nestrs_transport_nats::{NatsTransport, NatsTransportOptions, async_nats};
use serde_json::{Value, json};
use std::time::Duration;

/// A peer that answers by hand.
struct Peer {
    driver: Client,
    messages: Subscriber,
    subject: String,
    client: NatsTransport,
}

impl Peer {
    async fn new() -> Self {
        let driver = async_nats::connect(shared().await).await.unwrap();
        let subject = prefix();
        let messages = driver.subscribe(subject.clone()).await.unwrap();
        // It comes back once the subscription is there.
        let mut echo = driver.subscribe(driver.new_inbox()).await.unwrap();
        driver.publish(subject.clone(), "".into()).await.unwrap();
        let mut peer = Self {
            driver,
            messages,
            subject,
            client: client(shared().await),
        };
        peer.message().await;
        echo.unsubscribe().await.unwrap();
        peer
    }

    async fn message(&mut self) -> Message {
        in_time("a message", self.messages.next()).await.unwrap()
    }

    async fn answer(&self, request: &Message, reply: impl Into<String>) {
        let subject = request.reply.clone().unwrap();
        self.driver
            .publish(subject, reply.into().into())
            .await
            .unwrap();
    }
}

fn packet(message: &Message) -> Value {
    serde_json::from_slice(&message.payload).unwrap()
}

fn id(message: &Message) -> String {
    packet(message)["id"].to_string()
}

#[tokio::test]
async fn requests_and_events_are_nestjs_packets() {
    let mut peer = Peer::new().await;
    let (caller, subject) = (peer.client.clone(), peer.subject.clone());
    let call = tokio::spawn(async move {
        let message = Outgoing::new(&subject, "[1,2,3]").timeout(Duration::from_secs(5));
        caller.send(message.header("x-def", "d")).await
    });
    let request = peer.message().await;
    let id = id(&request);
    assert_eq!(
        String::from_utf8(request.payload.to_vec()).unwrap(),
        format!(
            r#"{{"pattern":"{}","data":[1,2,3],"metadata":{{"nestrs-timeout-ms":"5000"}},"id":{id}}}"#,
            peer.subject
        )
    );
    let reply = request.reply.clone().unwrap();
    assert!(
        reply.starts_with("_INBOX.") && reply.ends_with(id.trim_matches('"')),
        "{reply}"
    );
    let headers = request.headers.clone().unwrap();
    assert_eq!(
        (headers.len(), headers.get("x-def").unwrap().as_str()),
        (1, "d")
    );
    peer.answer(
        &request,
        format!(r#"{{"response":6,"isDisposed":true,"id":{id}}}"#),
    )
    .await;
    assert_eq!(
        in_time("the reply", call).await.unwrap().unwrap().unwrap(),
        "6"
    );

    peer.client
        .emit_json(&peer.subject, json!({ "a": 1 }))
        .await
        .unwrap();
    let event = peer.message().await;
    let text = format!(r#"{{"pattern":"{}","data":{{"a":1}}}}"#, peer.subject);
    assert_eq!(event.payload, text.as_bytes());
    assert_eq!((event.reply, event.headers), (None, None));
}

#[tokio::test]
async fn all_calls_have_one_inbox() {
    let mut peer = Peer::new().await;
    let mut inboxes = Vec::new();
    for _ in 0..2 {
        let (caller, subject) = (peer.client.clone(), peer.subject.clone());
        let call = tokio::spawn(async move { caller.send_json(&subject, json!(1)).await });
        let request = peer.message().await;
        let reply = request.reply.clone().unwrap();
        inboxes.push(reply.rsplit_once('.').unwrap().0.to_owned());
        peer.answer(
            &request,
            format!(
                r#"{{"response":1,"isDisposed":true,"id":{}}}"#,
                id(&request)
            ),
        )
        .await;
        call.await.unwrap().unwrap();
    }
    assert_eq!(inboxes[0], inboxes[1]);
}

#[tokio::test]
async fn replies_are_read_as_nestjs_reads_them() {
    let mut peer = Peer::new().await;
    for (replies, result) in [
        (
            &[r#"{"response":null,"isDisposed":true,"id":ID}"#][..],
            Ok(json!(null)),
        ),
        (&[r#"{"isDisposed":true,"id":ID}"#], Ok(json!(null))),
        (&[r#"{"err":"bad","id":ID}"#], Err("bad")),
        (
            &[r#"{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":ID}"#],
            Err("boom"),
        ),
        // Another's id, then ours; and a responder that knows no packets.
        (
            &[
                r#"{"response":1,"id":"x"}"#,
                r#"{"response":2,"isDisposed":true,"id":ID}"#,
            ],
            Ok(json!(2)),
        ),
        (&[r#"{"some":"thing"}"#], Ok(json!({ "some": "thing" }))),
        (&["17"], Ok(json!(17))),
        (
            &["no json"],
            Err("the reply is no JSON: expected ident at line 1 column 2"),
        ),
    ] {
        let (caller, subject) = (peer.client.clone(), peer.subject.clone());
        let call = tokio::spawn(async move { caller.send_json(&subject, json!(1)).await });
        let request = peer.message().await;
        for reply in replies {
            peer.answer(&request, reply.replace("ID", &id(&request)))
                .await;
        }
        let reply = in_time("the reply", call).await.unwrap();
        assert_eq!(
            reply.map_err(|error| error.message),
            result.map_err(str::to_owned),
            "{replies:?}"
        );
    }
}

#[tokio::test]
async fn a_stream_has_its_items_in_order_and_ends() {
    let mut peer = Peer::new().await;
    let (caller, subject) = (peer.client.clone(), peer.subject.clone());
    let call = tokio::spawn(async move {
        let replies = caller
            .send_stream(Outgoing::new(&subject, "1"))
            .await
            .unwrap();
        replies.collect::<Vec<_>>().await
    });
    let request = peer.message().await;
    for reply in [
        r#"{"response":1,"id":ID}"#,
        r#"{"response":2,"id":ID}"#,
        r#"{"response":3,"isDisposed":true,"id":ID}"#,
    ] {
        peer.answer(&request, reply.replace("ID", &id(&request)))
            .await;
    }
    let items = in_time("the stream", call).await.unwrap();
    let items: Vec<_> = items.into_iter().map(Result::unwrap).collect();
    assert_eq!(items, ["1", "2", "3"]);
}

#[tokio::test]
async fn nobody_there_is_an_error_at_once() {
    let client = client(shared().await);
    let pattern = prefix();
    let error = client.send_json(&pattern, json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHandler);
    let expected = format!(
        "Empty response. There are no subscribers listening to that message (\"{pattern}\")"
    );
    assert_eq!(error.message, expected);
    let mut replies = client
        .send_stream(Outgoing::new(&pattern, "1"))
        .await
        .unwrap();
    let item = in_time("the error", replies.next()).await.unwrap();
    assert_eq!(item.unwrap_err().message, expected);
    assert!(replies.next().await.is_none());
    // Nobody hears an event, and nobody minds.
    client.emit_json(&pattern, json!(1)).await.unwrap();
}

#[tokio::test]
async fn what_no_subject_can_be_nobody_handles() {
    let client = client(shared().await);
    for pattern in ["", "a b", "a\r\nPUB b 0", r#"{"cmd":"no such"}"#] {
        let error = client.send_json(pattern, json!(1)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoHandler, "{pattern}");
        assert!(error.message.contains(&format!("{pattern:?}")), "{error}");
    }
    let message = Outgoing::new("a", "1").header("a", "b\r\nc");
    let error = client.send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
}

#[tokio::test]
async fn what_is_emitted_is_sent_also_if_the_client_is_gone_at_once() {
    let mut peer = Peer::new().await;
    for number in 0..20 {
        let client = client(shared().await);
        client
            .emit_json(&peer.subject, json!(number))
            .await
            .unwrap();
        drop(client);
        assert_eq!(packet(&peer.message().await)["data"], number);
    }
}

#[tokio::test]
async fn a_message_too_large_names_both_sizes() {
    let client = NatsTransport::new(NatsTransportOptions::new(shared().await).header("a", "b"));
    for with in ["", "x"] {
        // The header and the packet come on top.
        let payload = json!(format!("{with}{}", "x".repeat(1 << 20)));
        let error = client
            .send_json("large", payload.clone())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
        assert!(
            error
                .message
                .contains("limit of 1048576 exceeded by message size of 10486"),
            "{error}"
        );
        let error = client.emit_json("large", payload).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    }
}

#[tokio::test]
async fn of_many_at_a_time_each_hears_what_became_of_its_own() {
    let client = client(shared().await);
    let mut peer = Peer::new().await;
    let large = json!("x".repeat(1 << 20));
    let waiting = (0..3).map(|number| {
        let (client, subject) = (client.clone(), peer.subject.clone());
        tokio::spawn(async move { client.send_json(&subject, json!(number)).await })
    });
    let waiting: Vec<_> = waiting.collect();
    for _ in &waiting {
        peer.message().await;
    }
    let calls = (0..10).map(|_| client.send_json("large", large.clone()));
    let emitted = (0..10).map(|number| client.emit_json(&peer.subject, json!(number)));
    let lost = client.emit_json("large", large.clone());
    let (failed, emitted, lost) = tokio::join!(
        futures_util::future::join_all(calls),
        futures_util::future::join_all(emitted),
        lost
    );
    for error in failed.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::PayloadTooLarge, "{error}");
    }
    assert_eq!(lost.unwrap_err().kind(), ErrorKind::PayloadTooLarge);
    for (number, emitted) in emitted.into_iter().enumerate() {
        emitted.unwrap();
        assert_eq!(packet(&peer.message().await)["data"], number);
    }
    for call in waiting {
        call.abort();
    }
}

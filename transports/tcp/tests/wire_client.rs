//! What a NestJS client makes of a server's replies, ours makes of them too.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use common::{Socket, frame};
use nestrs_core::{ErrorKind, Outgoing, Replies, Transport, TransportError};
use nestrs_transport_tcp::{TcpTransport, TcpTransportOptions};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// A server that answers the first request with `reply`, its `ID` replaced.
async fn answering(reply: &'static str) -> TcpTransport {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut socket = Socket(listener.accept().await.unwrap().0);
        let mut buffer = vec![0; 1024];
        let count = socket.0.read(&mut buffer).await.unwrap();
        let request = String::from_utf8(buffer[..count].to_vec()).unwrap();
        let (_, packet) = request.split_once('#').unwrap();
        let packet: Value = serde_json::from_str(packet).unwrap();
        assert_eq!(packet["pattern"], "p");
        if reply != "close" {
            let id = packet["id"].to_string();
            for text in reply.split_inclusive('\n') {
                socket.send(frame(text.replace("ID", &id).trim_end())).await;
            }
            // Keeps the connection until the client ends it.
            let _ = socket.0.read(&mut buffer).await;
        }
    });
    TcpTransport::new(TcpTransportOptions {
        request_timeout: Duration::from_millis(300),
        ..TcpTransportOptions::new(addr)
    })
}

async fn collect(mut replies: Replies) -> Result<Vec<Value>, TransportError> {
    let mut values = Vec::new();
    while let Some(reply) = std::future::poll_fn(|cx| replies.as_mut().poll_next(cx)).await {
        values.push(serde_json::from_slice(&reply?).unwrap());
    }
    Ok(values)
}

#[tokio::test]
async fn values_are_those_a_nestjs_client_sees() {
    for (reply, values) in [
        (
            r#"{"response":1,"isDisposed":true,"id":ID}"#,
            vec![json!(1)],
        ),
        (
            "{\"response\":1,\"id\":ID}\n{\"response\":2,\"isDisposed\":true,\"id\":ID}",
            vec![json!(1), json!(2)],
        ),
        (
            r#"{"err":null,"response":1,"isDisposed":true,"id":ID}"#,
            vec![json!(1)],
        ),
        (r#"{"err":"","isDisposed":true,"id":ID}"#, vec![]),
        (
            r#"{"response":null,"isDisposed":true,"id":ID}"#,
            vec![Value::Null],
        ),
        (r#"{"isDisposed":true,"id":ID}"#, vec![]),
        (
            r#"{"response":"😀é","isDisposed":true,"id":ID}"#,
            vec![json!("😀é")],
        ),
        (
            "{\"response\":1,\"isDisposed\":false,\"id\":ID}\n{\"response\":2,\"isDisposed\":true,\"id\":ID}",
            vec![json!(1), json!(2)],
        ),
    ] {
        let client = answering(reply).await;
        let replies = client.send_stream(Outgoing::new("p", "0")).await.unwrap();
        assert_eq!(collect(replies).await.unwrap(), values, "{reply}");
        let first = answering(reply)
            .await
            .send_json("p", json!(0))
            .await
            .unwrap();
        assert_eq!(
            first,
            values.first().cloned().unwrap_or(Value::Null),
            "{reply}"
        );
    }
}

#[tokio::test]
async fn errors_are_those_a_nestjs_client_sees() {
    for (reply, message, kind) in [
        (r#"{"err":"bad","id":ID}"#, "bad", ErrorKind::Application),
        (
            r#"{"err":{"status":"error","message":"m"},"id":ID}"#,
            "m",
            ErrorKind::Application,
        ),
        (
            r#"{"err":"x","response":1,"isDisposed":true,"id":ID}"#,
            "x",
            ErrorKind::Application,
        ),
        (
            r#"{"id":ID,"status":"error","err":"There is no matching message handler defined in the remote service."}"#,
            "There is no matching message handler defined in the remote service.",
            ErrorKind::NoHandler,
        ),
        ("close", "Connection closed", ErrorKind::ConnectionClosed),
    ] {
        let error = answering(reply)
            .await
            .send_json("p", json!(0))
            .await
            .unwrap_err();
        assert_eq!(
            (error.message.as_str(), error.kind()),
            (message, kind),
            "{reply}"
        );
    }
}

#[tokio::test]
async fn what_answers_nothing_times_out_and_names_pattern_and_peer() {
    for reply in [
        r#"{"id":ID}"#,
        r#"{"response":1,"isDisposed":true,"id":"other"}"#,
        r#"{"response":1,"isDisposed":true}"#,
    ] {
        let error = answering(reply)
            .await
            .send_json("p", json!(0))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{reply}");
        assert!(
            error
                .message
                .starts_with("no reply to \"p\" from 127.0.0.1:"),
            "{error}"
        );
        assert!(error.message.ends_with("within 300ms"), "{error}");
    }
}

#[tokio::test]
async fn a_reply_that_is_no_frame_ends_the_calls_and_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpTransport::new(TcpTransportOptions::new(listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let mut socket = Socket(listener.accept().await.unwrap().0);
        socket.send("HTTP/1.1 400 Bad Request#").await;
        let _ = socket.0.read(&mut [0; 1024]).await;
        std::future::pending::<()>().await;
    });
    let error = client.send_json("p", json!(0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert!(
        error
            .message
            .contains("corrupted length value \"HTTP/1.1 400"),
        "{error}"
    );
}

//! Calls that are not waited for any more, between nestrs peers, and what
//! peers see that are none.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::Ordering;
use std::time::Duration;

use common::{Server, Socket, frame};
use nestrs_core::{Outgoing, Transport};
use nestrs_transport_tcp::{TcpTransport, TcpTransportOptions};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// The server's reply to who says that it is a nestrs client.
const WELCOME: &str = r#"38#{"isDisposed":true,"id":"nestrs-peer"}"#;

#[tokio::test]
async fn a_call_that_is_dropped_stops_its_handler() {
    let server = Server::start().await;
    let client = server.client();
    client.send_json("echo", json!(1)).await.unwrap();
    let call = tokio::spawn(async move { client.send_json("gated", json!(1)).await });
    server.until_started(2).await;
    call.abort();
    server.until_one_is_over().await;
    assert_eq!(server.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_call_that_times_out_stops_its_handler() {
    let server = Server::start().await;
    let message = Outgoing::new("gated", "1").timeout(Duration::from_millis(20));
    server.client().send(message).await.unwrap_err();
    server.until_one_is_over().await;
    assert_eq!(server.finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stream_that_is_dropped_stops() {
    let server = Server::start().await;
    let client = server.client();
    client.send_json("echo", json!(1)).await.unwrap();
    let replies = client.send_stream(Outgoing::new("endless", "1")).await;
    server.until_started(2).await;
    assert_eq!(server.over.available_permits(), 0);
    drop(replies.unwrap());
    server.until_one_is_over().await;
}

#[tokio::test]
async fn a_stream_may_outlast_the_timeout_of_calls() {
    let server = Server::start().await;
    let client = TcpTransport::new(TcpTransportOptions {
        request_timeout: Duration::from_millis(40),
        ..TcpTransportOptions::new(server.addr)
    });
    let _replies = client.send_stream(Outgoing::new("endless", "1")).await;
    server.until_started(1).await;
    // A call of that timeout, started later, is over sooner.
    client.send_json("gated", json!(1)).await.unwrap_err();
    server.until_one_is_over().await;
    assert_eq!(server.over.available_permits(), 0);
}

#[tokio::test]
async fn an_event_has_no_deadline() {
    let server = Server::start().await;
    let client = TcpTransport::new(TcpTransportOptions {
        request_timeout: Duration::from_millis(40),
        ..TcpTransportOptions::new(server.addr)
    });
    client.emit_json("gated", json!("event")).await.unwrap();
    server.until_started(1).await;
    client.send_json("gated", json!("call")).await.unwrap_err();
    server.until_one_is_over().await;
    assert_eq!(server.over.available_permits(), 0);
    server.gate.add_permits(1);
    server.until_one_is_over().await;
    assert_eq!(server.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_deadline_ends_a_handler_without_the_clients_help() {
    let server = Server::start().await;
    let mut socket = server.socket().await;
    let request =
        r#"{"pattern":"gated","data":1,"metadata":{"nestrs-timeout-ms":"20"},"id":"21-chars"}"#;
    socket.send(frame(request)).await;
    server.until_one_is_over().await;
    // Nothing was said to a peer that did not say who it is.
    socket.expect_alive().await;
}

#[tokio::test]
async fn only_who_says_so_is_welcomed_and_may_call_off() {
    let server = Server::start().await;
    let cancel = frame(r#"{"metadata":{"nestrs-cancel":"7"}}"#);
    let request = frame(r#"{"pattern":"gated","data":1,"id":"7"}"#);
    let hello = r#"{"pattern":"gated","data":1,"metadata":{"nestrs-peer":"0"},"id":"7"}"#;

    let mut stranger = server.socket().await;
    stranger.send([request, cancel.clone()].concat()).await;
    let mut friend = server.socket().await;
    friend.send([frame(hello), cancel].concat()).await;
    friend.expect(WELCOME).await;
    server.until_one_is_over().await;
    friend.expect_alive().await;

    server.gate.add_permits(1);
    stranger
        .expect(r#"41#{"response":1,"isDisposed":true,"id":"7"}"#)
        .await;
}

#[tokio::test]
async fn a_server_that_is_no_nestrs_hears_of_it_once_and_of_no_cancelled_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpTransport::new(TcpTransportOptions::new(listener.local_addr().unwrap()));
    let calls = async {
        client.emit_json("e", json!(0)).await.unwrap();
        for _ in 0..2 {
            let message = Outgoing::new("p", "0").timeout(Duration::from_millis(20));
            client.send(message).await.unwrap_err();
        }
        let message = Outgoing::new("e", "0").header("tenant", "acme");
        client.emit(message).await.unwrap();
    };
    let (accepted, ()) = tokio::join!(listener.accept(), calls);
    let mut socket = Socket(accepted.unwrap().0);
    drop(client);
    let mut sent = String::new();
    socket.0.read_to_string(&mut sent).await.unwrap();
    let packets: Vec<_> = [
        r#"{"pattern":"e","data":0}"#,
        r#"{"pattern":"p","data":0,"metadata":{"nestrs-timeout-ms":"20","nestrs-peer":"10000"},"id":"1"}"#,
        r#"{"pattern":"p","data":0,"metadata":{"nestrs-timeout-ms":"20"},"id":"2"}"#,
        r#"{"pattern":"e","data":0,"metadata":{"tenant":"acme"}}"#,
    ]
    .iter()
    .flat_map(|packet| frame(packet))
    .collect();
    assert_eq!(sent, String::from_utf8(packets).unwrap());
}

async fn expect(socket: &mut Socket, packet: &str) {
    let frame = frame(packet);
    socket.expect(std::str::from_utf8(&frame).unwrap()).await;
}

/// A client's first request, and the socket it came by.
async fn first_request(listener: &TcpListener, client: &TcpTransport) -> Socket {
    let message = Outgoing::new("p", "0");
    let mut call = Box::pin(client.send(message));
    let mut accepted = std::pin::pin!(listener.accept());
    let stream = tokio::select! {
        _ = &mut call => panic!("nobody answered"),
        accepted = &mut accepted => accepted.unwrap().0,
    };
    let mut socket = Socket(stream);
    let said = r#"{"pattern":"p","data":0,"metadata":{"nestrs-peer":"10000"},"id":"1"}"#;
    tokio::select! {
        _ = &mut call => panic!("nobody answered"),
        () = expect(&mut socket, said) => {}
    }
    // Nobody waits for it any more.
    socket
}

#[tokio::test]
async fn a_call_that_is_dropped_before_the_server_said_who_it_is_is_called_off_then() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpTransport::new(TcpTransportOptions::new(listener.local_addr().unwrap()));
    let mut socket = first_request(&listener, &client).await;
    client.emit_json("e", json!(0)).await.unwrap();
    expect(&mut socket, r#"{"pattern":"e","data":0}"#).await;
    socket.send(WELCOME).await;
    expect(&mut socket, r#"{"metadata":{"nestrs-cancel":"1"}}"#).await;
}

#[tokio::test]
async fn a_server_that_answers_without_saying_who_it_is_hears_of_no_dropped_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpTransport::new(TcpTransportOptions::new(listener.local_addr().unwrap()));
    let mut socket = first_request(&listener, &client).await;
    let answer = async {
        expect(&mut socket, r#"{"pattern":"p","data":0,"id":"2"}"#).await;
        socket
            .send(frame(r#"{"response":1,"isDisposed":true,"id":"2"}"#))
            .await;
    };
    let (answered, ()) = tokio::join!(client.send(Outgoing::new("p", "0")), answer);
    assert_eq!(answered.unwrap().unwrap(), "1");
    let mut dropped = Box::pin(client.send(Outgoing::new("p", "0")));
    tokio::select! {
        _ = &mut dropped => panic!("nobody answered"),
        () = expect(&mut socket, r#"{"pattern":"p","data":0,"id":"3"}"#) => {}
    }
    drop(dropped);
    client.emit_json("e", json!(0)).await.unwrap();
    expect(&mut socket, r#"{"pattern":"e","data":0}"#).await;
}

//! What a NestJS 11 and 12 server answers, byte for byte: each exchange was
//! recorded from a running peer.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Server, frame, request};

const SUM: &str = r#"{"cmd":"sum"}"#;
const NO_HANDLER: &str = r#"103#{"id":"a","status":"error","err":"There is no matching message handler defined in the remote service."}"#;

#[tokio::test]
async fn requests_are_answered_to_the_byte() {
    let server = Server::start().await;
    let one = r#"39#{"response":1,"isDisposed":true,"id":7}"#;
    for (what, sent, answer) in [
        (
            "sum",
            request(SUM, "[1,2,3]"),
            r#"41#{"response":6,"isDisposed":true,"id":"a"}"#,
        ),
        (
            "sum, pattern as string",
            request(r#""{\"cmd\":\"sum\"}""#, "[1,2,3]"),
            r#"41#{"response":6,"isDisposed":true,"id":"a"}"#,
        ),
        (
            "numeric id",
            frame(r#"{"pattern":"echo","data":1,"id":7}"#),
            one,
        ),
        (
            "null id",
            frame(r#"{"pattern":"echo","data":1,"id":null}"#),
            r#"42#{"response":1,"isDisposed":true,"id":null}"#,
        ),
        (
            "fail string",
            request("\"fail\"", "0"),
            r#"70#{"err":{"status":"error","message":"boom"},"isDisposed":true,"id":"a"}"#,
        ),
        (
            "fail object",
            request("\"failObj\"", "0"),
            r#"67#{"err":{"code":42,"message":"obj boom"},"isDisposed":true,"id":"a"}"#,
        ),
        (
            "undefined",
            request("\"undefined\"", "0"),
            r#"28#{"isDisposed":true,"id":"a"}"#,
        ),
        (
            "null",
            request("\"echo\"", "null"),
            r#"44#{"response":null,"isDisposed":true,"id":"a"}"#,
        ),
        (
            "stream fail",
            request("\"streamFail\"", "0"),
            r#"70#{"err":{"status":"error","message":"late"},"isDisposed":true,"id":"a"}"#,
        ),
        ("no handler", request("\"none\"", "0"), NO_HANDLER),
        (
            "other key order",
            request(r#"{"cmd":"sum","x":1}"#, "0"),
            NO_HANDLER,
        ),
        (
            "emoji",
            request("\"echo\"", "\"😀é\""),
            r#"45#{"response":"😀é","isDisposed":true,"id":"a"}"#,
        ),
        (
            "metadata",
            frame(r#"{"pattern":"echo","data":1,"metadata":{"k":"v"},"id":7}"#),
            one,
        ),
    ] {
        let mut socket = server.socket().await;
        socket.send(&sent).await;
        println!("{what}");
        socket.expect(answer).await;
        socket.expect_alive().await;
    }
}

#[tokio::test]
async fn a_length_may_have_junk_behind_it() {
    let mut socket = Server::start().await.socket().await;
    let json = r#"{"pattern":"echo","data":2,"id":"b"}"#;
    socket.send(format!("{}abc#{json}", json.len())).await;
    socket
        .expect(r#"41#{"response":2,"isDisposed":true,"id":"b"}"#)
        .await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_one_by_one() {
    let mut socket = Server::start().await.socket().await;
    let both = [
        frame(r#"{"pattern":"echo","data":1,"id":"a"}"#),
        frame(r#"{"pattern":"echo","data":2,"id":"b"}"#),
    ];
    socket.send(both.concat()).await;
    let replies = [
        r#"41#{"response":1,"isDisposed":true,"id":"a"}"#,
        r#"41#{"response":2,"isDisposed":true,"id":"b"}"#,
    ];
    socket.expect(&replies.concat()).await;
}

#[tokio::test]
async fn a_stream_is_several_replies_and_the_last_says_so() {
    let mut socket = Server::start().await.socket().await;
    socket.send(request("\"stream\"", "0")).await;
    let mut got = Vec::new();
    // Whether the end comes with the last item or after it is a matter of timing.
    while !String::from_utf8_lossy(&got).contains("isDisposed") {
        let mut more = [0; 256];
        let count = tokio::io::AsyncReadExt::read(&mut socket.0, &mut more)
            .await
            .unwrap();
        got.extend_from_slice(&more[..count]);
    }
    let got = String::from_utf8(got).unwrap();
    assert!(
        got.starts_with(r#"23#{"response":1,"id":"a"}23#{"response":2,"id":"a"}"#),
        "{got}"
    );
    assert!(
        got.ends_with(r#"41#{"response":3,"isDisposed":true,"id":"a"}"#)
            || got.ends_with(r#"23#{"response":3,"id":"a"}28#{"isDisposed":true,"id":"a"}"#),
        "{got}"
    );
}

#[tokio::test]
async fn what_wants_no_answer_gets_none() {
    let server = Server::start().await;
    for (what, sent) in [
        ("no id", frame(r#"{"pattern":"echo","data":1}"#)),
        (
            "no handler for an event",
            frame(r#"{"pattern":"none","data":1}"#),
        ),
        ("empty", frame("{}")),
        ("null", frame("null")),
        ("a string", frame("\"x\"")),
    ] {
        let mut socket = server.socket().await;
        socket.send(sent).await;
        println!("{what}");
        socket.expect_alive().await;
    }
}

#[tokio::test]
async fn corrupt_streams_end_the_connection_and_no_other() {
    let server = Server::start().await;
    let mut other = server.socket().await;
    for bad in ["abc#{}", "-5#{}", "5#{bad}", "2#{}x#", "1000000000#", "0#"] {
        let mut socket = server.socket().await;
        socket.send(bad).await;
        println!("{bad}");
        socket.expect_closed_after("").await;
    }
    other.expect_alive().await;
}

#[tokio::test]
async fn a_length_in_bytes_waits_for_characters_that_never_come() {
    let mut socket = Server::start().await.socket().await;
    let json = r#"{"pattern":"echo","data":"😀","id":"a"}"#;
    // Two bytes too many: the next frame's first bytes are taken for the rest.
    socket.send(format!("{}#{json}", json.len())).await;
    socket.send(frame("{}")).await;
    socket.expect_closed_after("").await;
}

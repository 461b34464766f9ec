//! Patterns of every form, as NestJS brings them into one.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::served::serve_instance;
use nestrs_core::dispatch::{BoxFuture, Dispatch};
use nestrs_core::{Answer, Message, MessageKind, Pattern};
use nestrs_microservices::{BoundHandler, Ctx, Dispatcher, ErrorKind, micro_routes};
use serde_json::Value;
use std::sync::Arc;

/// A handler for every form there is. Keys stand in any order here.
struct Every;

#[micro_routes]
impl Every {
    #[message_pattern("a", 1, 1.5, 1e21, 1e-7, 0, {})]
    #[message_pattern({ "b": 1, "a": 2 })]
    #[message_pattern({
        "1": 6, "2": 8, "10": 7, "B": 1, "a": 2, "A": 3, "b": 4, "_c": 5, "é": 9, "z": 10,
        "-": 11, "$": 12
    })]
    #[message_pattern({ "a": { "b": { "c": { "d": { "e": { "f": { "g": 1 } } } } } } })]
    #[message_pattern({ "a": true, "b": null, "d": 1 })]
    #[message_pattern({ "a": [1, [2], { "x": "y" }] })]
    #[message_pattern({ "a": "q\"\\" })]
    #[message_pattern({ "k\"\\": 1 })]
    #[message_pattern({ "a": "l\n" })]
    #[message_pattern({ "a": { "b": "x\"y" } })]
    async fn every(&self, ctx: Ctx) -> String {
        ctx.pattern().to_owned()
    }
}

/// As a packet may have it, and the route a NestJS 12 server registers.
const VECTORS: &[(&str, &str)] = &[
    (r#""a""#, "a"),
    ("1", "1"),
    ("1.5", "1.5"),
    ("1e21", "1e+21"),
    ("1e-7", "1e-7"),
    ("0", "0"),
    ("{}", "{}"),
    (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
    (r#"{ "a" : 2, "b" : 1 }"#, r#"{"a":2,"b":1}"#),
    (
        r#"{"z":10,"1":6,"2":8,"10":7,"B":1,"a":2,"A":3,"b":4,"_c":5,"é":9,"-":11,"$":12}"#,
        r#"{"_c":5,"-":11,"$":12,"1":6,"10":7,"2":8,"a":2,"A":3,"b":4,"B":1,"é":9,"z":10}"#,
    ),
    (
        r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}"#,
        r#"{"a":{"b":{"c":{"d":{"e":{"f":[MAX_DEPTH_REACHED]}}}}}}"#,
    ),
    (
        r#"{"d":1,"a":true,"b":null}"#,
        r#"{"a":true,"b":null,"d":1}"#,
    ),
    (
        r#"{"a":[1,[2],{"x":"y"}]}"#,
        r#"{"a":{"0":1,"1":{"0":2},"2":{"x":"y"}}}"#,
    ),
    (r#"{"a":"q\"\\"}"#, r#"{"a":"q\"\\"}"#),
    (r#"{"k\"\\":1}"#, r#"{"k\"\\":1}"#),
    (r#"{"a":"l\n"}"#, "{\"a\":\"l\n\"}"),
    (r#"{"a":{"b":"x\"y"}}"#, r#"{"a":{"b":"x\"y"}}"#),
];

#[tokio::test]
async fn every_form_of_a_pattern_finds_its_handler() {
    let app = serve_instance(Every).await;
    for (pattern, route) in VECTORS {
        let value: Value = serde_json::from_str(pattern).unwrap();
        for sent in [Pattern::from(value), Pattern::parse(pattern)] {
            let answer: String = app.client.send(&sent, &()).await.unwrap();
            assert_eq!(answer, *route);
        }
    }
    for other in ["b", "2", r#"{"a":2}"#, r#"{"a":2,"b":"1"}"#] {
        let sent = Pattern::parse(other);
        let error = app.client.send::<_, ()>(&sent, &()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoHandler, "{other}");
    }
}

/// A NestJS peer sends the object itself, in its own order of keys.
#[tokio::test]
async fn a_pattern_is_found_as_the_json_of_a_packet() {
    let dispatcher = Dispatcher::new(BoundHandler::all_of(&Arc::new(Every))).unwrap();
    let dispatch = |pattern: &'static str| -> BoxFuture<'static, Answer> {
        dispatcher.dispatch(Message::new(MessageKind::Request, pattern, "null"))
    };
    for (pattern, route) in VECTORS {
        let Answer::One(Ok(Some(answer))) = dispatch(pattern).await else {
            panic!("no answer to {pattern}");
        };
        let answer: String = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer, *route);
    }
}

//! What handlers do that panic or fail on the way.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::Log;
use common::dispatched::{EVENT, REQUEST, dispatch, dispatcher, event, request};
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::{Answer, TransportError};
use nestrs_microservices::micro_routes;
use serde_json::json;

/// Handlers that behave and handlers that do not.
struct Math;

#[micro_routes]
impl Math {
    #[message_pattern("double")]
    async fn double(&self, n: i64) -> i64 {
        2 * n
    }

    #[message_pattern("panic.late")]
    async fn panic_late(&self) {
        tokio::task::yield_now().await;
        panic!("boom {}", 7)
    }

    #[message_pattern("panic.early")]
    async fn panic_early(&self) {
        panic!("at once")
    }

    #[message_pattern("stream")]
    async fn stream(&self) -> impl Stream<Item = Result<u8, TransportError>> + use<> {
        stream::iter(0..4).map(|n| match n {
            1 => Err(TransportError::new("no 1")),
            n => Ok(n),
        })
    }

    #[message_pattern("stream.panic")]
    async fn stream_panic(&self) -> impl Stream<Item = u8> + use<> {
        stream::iter(0..4).map(|n| match n {
            1 => panic!("in the stream"),
            n => n,
        })
    }
}

#[tokio::test]
async fn an_event_that_failed_says_so_to_its_transport() {
    let _log = Log::start();
    let math = dispatcher(Math);
    for pattern in ["panic.late", "panic.early", "stream", "stream.panic"] {
        let answer = dispatch(&math, EVENT, pattern, json!(null)).await;
        assert!(
            matches!(answer, Answer::One(Err(_))),
            "{pattern}: {answer:?}"
        );
    }
    let answer = dispatch(&math, EVENT, "double", json!(21)).await;
    assert!(matches!(answer, Answer::Silent), "{answer:?}");
}

#[tokio::test]
async fn a_panic_is_answered_as_an_internal_error_and_logged() {
    let log = Log::start();
    let math = dispatcher(Math);
    for (pattern, says) in [("panic.late", "boom 7"), ("panic.early", "at once")] {
        let error = request(&math, pattern, json!(null)).await.unwrap_err();
        assert_eq!(error, TransportError::new("Internal server error"));
        log.assert_contains(&["ERROR", pattern, says, "Math::panic_", "failures.rs:"]);
    }
    assert_eq!(request(&math, "double", json!(1)).await, Ok(json!(2)));
}

#[tokio::test]
async fn a_stream_ends_with_its_first_error_or_panic() {
    let log = Log::start();
    let math = dispatcher(Math);
    for (pattern, error) in [
        ("stream", "no 1"),
        ("stream.panic", "Internal server error"),
    ] {
        let Answer::Many(items) = dispatch(&math, REQUEST, pattern, json!(null)).await else {
            panic!("no stream");
        };
        let items: Vec<_> = items.collect().await;
        assert_eq!(
            items,
            [Ok(bytes::Bytes::from("0")), Err(TransportError::new(error))]
        );
    }
    log.assert_contains(&["stream.panic", "in the stream"]);
    // As an event, the stream runs all the same.
    event(&math, "stream", json!(null)).await;
    log.assert_contains(&["no 1"]);
}

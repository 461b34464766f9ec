//! From a message to its handlers.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::Arc;

use common::Log;
use common::dispatched::{EVENT, Journal, REQUEST, dispatch, dispatcher, event, request};
use nestrs_core::{Answer, ErrorKind, TransportError};
use nestrs_microservices::{BindError, BoundHandler, Dispatcher, micro_routes};
use serde_json::json;
use tokio::sync::Barrier;

/// One handler of two patterns.
#[derive(Default)]
struct Math(Arc<Journal>);

#[micro_routes]
impl Math {
    #[message_pattern("double", { "op": "double", "by": 2 })]
    async fn double(&self, n: i64) -> i64 {
        self.0.write(format!("double {n}"));
        2 * n
    }
}

#[tokio::test]
async fn a_request_is_answered_by_its_handler_however_the_pattern_is_written() {
    let math = dispatcher(Math::default());
    for pattern in [
        "double",
        r#"{"op":"double","by":2}"#,
        r#"{"by":2,"op":"double"}"#,
    ] {
        assert_eq!(
            request(&math, pattern, json!(21)).await,
            Ok(json!(42)),
            "{pattern}"
        );
    }
}

#[tokio::test]
async fn an_unknown_request_has_no_handler_and_an_unknown_event_is_logged() {
    let log = Log::start();
    let math = dispatcher(Math::default());
    let answer = dispatch(&math, REQUEST, "triple", json!(1)).await;
    assert!(matches!(answer, Answer::NoHandler), "{answer:?}");
    assert_eq!(log.text(), "");
    let answer = dispatch(&math, EVENT, r#"{"cmd":"triple"}"#, json!(1)).await;
    assert!(matches!(answer, Answer::NoHandler), "{answer:?}");
    assert_eq!(
        log.text(),
        "WARN There is no matching event handler defined in the remote service. \
         Event pattern: {\"cmd\":\"triple\"}\n"
    );
}

#[tokio::test]
async fn a_wrong_payload_is_answered_with_what_was_expected() {
    let math = dispatcher(Math::default());
    let error = request(&math, "double", json!({ "n": 1 }))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    assert_eq!(
        error.message,
        "the payload of `double` is not what its handler takes: \
         invalid type: map, expected i64"
    );
}

#[tokio::test]
async fn an_event_for_a_message_handler_runs_it() {
    let journal = Arc::<Journal>::default();
    let math = dispatcher(Math(Arc::clone(&journal)));
    event(&math, "double", json!(4)).await;
    assert_eq!(journal.entries(), ["double 4"]);
}

/// Four handlers of one event: one fails, one panics, and the two others only
/// get on if both run at the same time.
struct Fan {
    journal: Arc<Journal>,
    both: Barrier,
}

#[micro_routes]
impl Fan {
    #[event_pattern("fan")]
    async fn first(&self) -> u8 {
        self.both.wait().await;
        self.journal.write("first");
        1
    }

    #[event_pattern("fan")]
    async fn fails(&self) -> Result<(), TransportError> {
        Err(TransportError::new("no luck").with_details(json!({ "n": 1 })))
    }

    #[event_pattern("fan")]
    async fn panics(&self) {
        panic!("at the disco")
    }

    #[event_pattern("fan")]
    async fn last(&self) -> u8 {
        self.both.wait().await;
        self.journal.write("last");
        4
    }
}

#[tokio::test]
async fn all_handlers_of_an_event_run_whatever_becomes_of_the_others() {
    let log = Log::start();
    let journal = Arc::<Journal>::default();
    let fan = dispatcher(Fan {
        journal: Arc::clone(&journal),
        both: Barrier::new(2),
    });
    event(&fan, "fan", json!(null)).await;
    let mut entries = journal.entries();
    entries.sort();
    assert_eq!(entries, ["first", "last"]);
    log.assert_contains(&[
        "no luck",
        "Fan::fails",
        "{\"n\":1}",
        "at the disco",
        "Fan::panics",
    ]);
}

#[tokio::test]
async fn a_request_to_event_handlers_runs_all_and_the_first_answers() {
    let journal = Arc::<Journal>::default();
    let fan = dispatcher(Fan {
        journal: Arc::clone(&journal),
        both: Barrier::new(2),
    });
    assert_eq!(request(&fan, "fan", json!(null)).await, Ok(json!(1)));
    assert_eq!(journal.entries().len(), 2);
}

#[test]
fn two_message_handlers_of_one_pattern_are_an_error_that_names_both() {
    struct Other;
    #[micro_routes]
    impl Other {
        #[message_pattern("double")]
        async fn two(&self) -> u8 {
            2
        }
    }
    let (math, other) = (Arc::new(Math::default()), Arc::new(Other));
    let handlers = BoundHandler::all_of(&math).chain(BoundHandler::all_of(&other));
    let error = Dispatcher::new(handlers).unwrap_err();
    let message = error.to_string();
    for part in [
        "pattern `double` has two message handlers",
        "dispatcher::Math::double (",
        "Other::two (",
        "tests/dispatcher.rs:",
    ] {
        assert!(message.contains(part), "{message}");
    }

    let twice = BoundHandler::all_of(&other).chain(BoundHandler::all_of(&other));
    let error = Dispatcher::new(twice).unwrap_err();
    assert!(error.to_string().contains("bound twice"), "{error}");
    assert!(matches!(error, BindError::Conflicts(conflicts) if conflicts.len() == 1));
}

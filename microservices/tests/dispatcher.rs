//! From a message to its answer.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::{Arc, Mutex};

use common::Log;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::{Answer, Dispatch, ErrorKind, Message, MessageKind, TransportError, async_trait};
use nestrs_microservices::{
    BindError, BoundHandler, Dispatcher, MicroCanActivate, MicroIncomingInterceptor,
    MicroPipeTransform, MicroRoutes, micro_routes,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Barrier;

const REQUEST: MessageKind = MessageKind::Request;
const EVENT: MessageKind = MessageKind::Event;

/// What ran, in order.
#[derive(Default)]
struct Journal(Mutex<Vec<String>>);

impl Journal {
    fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }
    fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn dispatcher<T: MicroRoutes>(service: T) -> Dispatcher {
    Dispatcher::new(BoundHandler::all_of(&Arc::new(service))).unwrap()
}

async fn dispatch(
    dispatcher: &impl Dispatch,
    kind: MessageKind,
    pattern: &str,
    payload: Value,
) -> Answer {
    let pattern = match pattern.starts_with('{') {
        true => pattern.to_owned(),
        false => format!("{pattern:?}"),
    };
    let message = Message::new(kind, pattern, payload.to_string());
    dispatcher.dispatch(message).await
}

/// Sends a request that has one reply.
async fn request(
    dispatcher: &impl Dispatch,
    pattern: &str,
    payload: Value,
) -> Result<Value, TransportError> {
    match dispatch(dispatcher, REQUEST, pattern, payload).await {
        Answer::One(Ok(reply)) => {
            Ok(reply.map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap()))
        }
        Answer::One(Err(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

async fn event(dispatcher: &impl Dispatch, pattern: &str, payload: Value) {
    let answer = dispatch(dispatcher, EVENT, pattern, payload).await;
    let has_no_reply = matches!(answer, Answer::Silent | Answer::One(Err(_)));
    assert!(has_no_reply, "{answer:?}");
}

/// Handlers that behave and handlers that do not.
#[derive(Default)]
struct Math(Arc<Journal>);

#[micro_routes]
impl Math {
    #[message_pattern("double", { "op": "double", "by": 2 })]
    async fn double(&self, n: i64) -> i64 {
        self.0.write(format!("double {n}"));
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
async fn an_event_that_failed_says_so_to_its_transport() {
    let _log = Log::start();
    let math = dispatcher(Math::default());
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
    let math = dispatcher(Math::default());
    for (pattern, says) in [("panic.late", "boom 7"), ("panic.early", "at once")] {
        let error = request(&math, pattern, json!(null)).await.unwrap_err();
        assert_eq!(error, TransportError::new("Internal server error"));
        log.assert_contains(&["ERROR", pattern, says, "Math::panic_", "dispatcher.rs:"]);
    }
    assert_eq!(request(&math, "double", json!(1)).await, Ok(json!(2)));
}

#[tokio::test]
async fn a_stream_ends_with_its_first_error_or_panic() {
    let log = Log::start();
    let math = dispatcher(Math::default());
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

/// Enhancers write what they see into the payload, since they are made by
/// `Default` and have nothing else to write to.
#[derive(Default)]
struct See<const N: u8>;

#[async_trait]
impl<const N: u8> MicroIncomingInterceptor for See<N> {
    async fn before_handle_micro(&self, pattern: &str, payload: &Value) {
        tracing::info!("interceptor {N} {pattern} {payload}");
    }
}

#[async_trait]
impl<const N: u8> MicroCanActivate for See<N> {
    async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
        tracing::info!("guard {N} {payload}");
        match payload["refused_by"] == N {
            true => Err(TransportError::new("Forbidden resource")),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl<const N: u8> MicroPipeTransform for See<N> {
    async fn transform_micro(&self, _: &str, mut payload: Value) -> Result<Value, TransportError> {
        tracing::info!("pipe {N} {payload}");
        if payload["panic"] == N {
            panic!("pipe {N} burst");
        }
        payload["n"] = json!(N);
        Ok(payload)
    }
}

struct Enhanced;

#[micro_routes]
impl Enhanced {
    #[message_pattern("enhanced")]
    #[use_micro_pipes(See<5>, See<6>)]
    #[use_micro_guards(See<3>, See<4>)]
    #[use_micro_interceptors(See<1>, See<2>)]
    async fn enhanced(&self, payload: Value) -> Value {
        tracing::info!("handler {payload}");
        payload
    }
}

#[tokio::test]
async fn interceptors_run_before_guards_before_pipes_before_the_handler() {
    let log = Log::start();
    let reply = request(&dispatcher(Enhanced), "enhanced", json!({})).await;
    assert_eq!(reply, Ok(json!({ "n": 6 })));
    assert_eq!(
        log.text().replace("INFO ", ""),
        "interceptor 1 enhanced {}\ninterceptor 2 enhanced {}\nguard 3 {}\nguard 4 {}\n\
         pipe 5 {}\npipe 6 {\"n\":5}\nhandler {\"n\":6}\n"
    );
}

#[tokio::test]
async fn a_guard_that_refuses_ends_it_there() {
    let log = Log::start();
    let enhanced = dispatcher(Enhanced);
    let refused = json!({ "refused_by": 3 });
    let error = request(&enhanced, "enhanced", refused.clone())
        .await
        .unwrap_err();
    assert_eq!(error, TransportError::new("Forbidden resource"));
    assert!(!log.text().contains("guard 4"), "{}", log.text());
    assert!(!log.text().contains("ERROR"), "{}", log.text());
    // Of an event, the log is all that learns of it.
    event(&enhanced, "enhanced", refused).await;
    log.assert_contains(&["ERROR", "Forbidden resource"]);
}

#[tokio::test]
async fn a_panic_of_an_enhancer_is_contained_too() {
    let log = Log::start();
    let reply = request(&dispatcher(Enhanced), "enhanced", json!({ "panic": 5 })).await;
    assert_eq!(reply, Err(TransportError::new("Internal server error")));
    log.assert_contains(&["pipe 5 burst", "Enhanced::enhanced"]);
}

/// The payload would not survive it: its number is too large for a `Value`.
#[tokio::test]
async fn without_enhancers_the_payload_is_not_made_a_value() {
    struct Raw;
    #[micro_routes]
    impl Raw {
        #[message_pattern("raw")]
        async fn raw(&self, payload: Box<RawValue>) -> Box<RawValue> {
            payload
        }
    }
    // As text it still has its spaces.
    let message = Message::new(REQUEST, r#""raw""#, "{ \"a\" : 1e400 }");
    let Answer::One(Ok(Some(reply))) = dispatcher(Raw).dispatch(message).await else {
        panic!("no reply");
    };
    assert_eq!(reply, "{ \"a\" : 1e400 }");
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_an_invalid_payload() {
    let _log = Log::start();
    for dispatcher in [dispatcher(Enhanced), dispatcher(Math::default())] {
        for pattern in ["enhanced", "double"] {
            let message = Message::new(REQUEST, format!("{pattern:?}"), "{");
            match dispatcher.dispatch(message).await {
                Answer::NoHandler => {}
                Answer::One(Err(error)) => assert_eq!(error.kind(), ErrorKind::InvalidPayload),
                other => panic!("{other:?}"),
            }
        }
    }
}

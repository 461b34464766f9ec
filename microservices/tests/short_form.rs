//! Enhancers in the short form around a handler.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::Log;
use common::dispatched::{REQUEST, dispatcher, event, request};
use nestrs_core::{Answer, Dispatch, ErrorKind, Message, TransportError, async_trait};
use nestrs_microservices::{
    MicroCanActivate, MicroIncomingInterceptor, MicroPipeTransform, micro_routes,
};
use serde_json::value::RawValue;
use serde_json::{Value, json};

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
    struct Bare;
    #[micro_routes]
    impl Bare {
        #[message_pattern("enhanced")]
        async fn bare(&self, payload: Value) -> Value {
            payload
        }
    }
    let _log = Log::start();
    for dispatcher in [dispatcher(Enhanced), dispatcher(Bare)] {
        let message = Message::new(REQUEST, r#""enhanced""#, "{");
        match dispatcher.dispatch(message).await {
            Answer::One(Err(error)) => assert_eq!(error.kind(), ErrorKind::InvalidPayload),
            other => panic!("{other:?}"),
        }
    }
}

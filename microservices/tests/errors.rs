//! What becomes of errors: which their callers get, in which shape, and which the
//! log alone.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use bytes::Bytes;
use common::Log;
use common::served::{module_of, serve, serve_with};
use futures_util::{Stream, stream};
use nestrs_core::Answer;
use nestrs_di::injectable;
use nestrs_microservices::{Ctx, ExceptionFilter, TransportError, async_trait, micro_routes};
use serde_json::{Value, json};

/// Errors that are nobody's business, and a filter that knows better.
#[injectable]
struct Failing;

#[derive(Default)]
struct Teapot;

#[async_trait]
impl ExceptionFilter for Teapot {
    fn catches(&self, error: &TransportError) -> bool {
        error.message.contains("teapot")
    }

    async fn catch(&self, _: TransportError, _: &Ctx) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(Some(Bytes::from("418")))))
    }
}

#[micro_routes]
#[use_micro_filters(Teapot)]
impl Failing {
    #[message_pattern("parse")]
    async fn parse(&self, text: String) -> Result<u32, std::num::ParseIntError> {
        text.parse()
    }

    #[message_pattern("fail")]
    async fn fail(&self, text: String) -> Result<(), String> {
        Err(text)
    }

    #[message_pattern("stream")]
    async fn stream(&self, text: String) -> impl Stream<Item = Result<u8, String>> + use<> {
        stream::iter([Ok(1), Err(text), Ok(2)])
    }
}

module_of!(FailingModule: Failing);

#[tokio::test]
async fn errors_of_the_application_are_logged_and_masked() {
    let log = Log::start();
    let app = serve::<FailingModule>().await;
    let parse = app.client.message("parse", "x");
    let error = parse
        .correlation_id("order-7")
        .send::<u32>()
        .await
        .unwrap_err();
    assert_eq!(error, TransportError::new("Internal server error"));
    // Both sides call it the same.
    for side in [
        "ERROR a handler failed: invalid digit",
        "DEBUG a request failed: Internal",
    ] {
        let line = log.line(side);
        assert!(line.contains("correlation_id=\"order-7\""), "{line}");
    }
    assert!(
        log.line("ERROR").contains("Failing::parse ("),
        "{}",
        log.text()
    );

    assert_eq!(app.replies("parse", json!("7")).await, "7");
    assert_eq!(
        app.replies("stream", json!("secret")).await,
        "1 !Internal server error"
    );
    log.assert_contains(&["secret"]);
}

#[tokio::test]
async fn a_request_without_a_correlation_id_is_logged_by_its_own() {
    let log = Log::start();
    let app = serve::<FailingModule>().await;
    for _ in 0..2 {
        app.replies("fail", json!("secret")).await;
    }
    log.assert_contains(&["correlation_id=\"1\"", "correlation_id=\"2\""]);
}

#[tokio::test]
async fn errors_are_exposed_where_the_application_says_so() {
    let log = Log::start();
    let app = serve_with::<FailingModule>(|builder| builder.expose_errors(true)).await;
    assert_eq!(app.replies("fail", json!("secret")).await, "!secret");
    assert!(!log.text().contains("ERROR"), "{}", log.text());
}

#[tokio::test]
async fn a_filter_sees_what_really_happened() {
    let _log = Log::start();
    let app = serve::<FailingModule>().await;
    assert_eq!(app.replies("fail", json!("a teapot")).await, "418");
    assert_eq!(app.replies("stream", json!("a teapot")).await, "1 418");
    let other = app.replies("fail", json!("a kettle")).await;
    assert_eq!(other, "!Internal server error");
}

/// Every shape that an `RpcException` has.
#[injectable]
struct Shapes;

#[micro_routes]
impl Shapes {
    #[message_pattern("shape")]
    async fn shape(&self, wire: Value) -> Result<(), TransportError> {
        Err(TransportError::from_wire(wire))
    }
}

module_of!(ShapesModule: Shapes);

#[tokio::test]
async fn errors_of_every_shape_arrive_as_they_were() {
    let app = serve::<ShapesModule>().await;
    for wire in [
        json!("just a text"),
        json!({ "status": "error", "message": "boom" }),
        json!({ "status": "error", "message": "boom", "details": { "at": [1, 2] } }),
        json!({ "status": 404, "message": "no such order" }),
        json!({ "code": 42, "message": "no" }),
        json!({ "code": "E_STOCK", "left": 0 }),
        json!({ "message": ["a is wrong", "b is wrong"] }),
        json!(42),
        json!(["a", { "b": null }]),
        json!(true),
    ] {
        let sent = TransportError::from_wire(wire.clone());
        let error = app.client.send::<_, ()>("shape", &wire).await.unwrap_err();
        assert_eq!(error, sent);
        assert_eq!(error.to_wire(), wire);
    }
}

#[derive(Debug)]
struct OutOfStock;

impl From<OutOfStock> for TransportError {
    fn from(_: OutOfStock) -> Self {
        Self::new("out of stock")
            .with_details(json!({ "code": "E_STOCK", "message": "out of stock" }))
    }
}

#[injectable]
struct Stock;

#[micro_routes]
impl Stock {
    #[message_pattern("take")]
    async fn take(&self) -> Result<(), OutOfStock> {
        Err(OutOfStock)
    }
}

module_of!(StockModule: Stock);

#[tokio::test]
async fn an_error_of_ones_own_says_what_the_caller_may_know() {
    let app = serve::<StockModule>().await;
    let error = app.client.send::<_, ()>("take", &()).await.unwrap_err();
    assert_eq!(error, TransportError::from(OutOfStock));
}

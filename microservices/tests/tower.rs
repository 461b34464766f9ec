//! Layers of tower around a dispatcher.
#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

use std::sync::Arc;
use std::time::Duration;

use nestrs_core::{Answer, Dispatch, ErrorKind, Message, MessageKind, TransportError};
use nestrs_microservices::{BoundHandler, Dispatcher, LayeredDispatch, micro_routes};
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::ServiceExt;
use tower::{Layer, ServiceBuilder};

struct Slow;

#[micro_routes]
impl Slow {
    #[message_pattern("fast")]
    async fn fast(&self) -> u8 {
        1
    }

    #[message_pattern("never")]
    async fn never(&self) {
        std::future::pending().await
    }
}

fn dispatcher() -> Arc<dyn Dispatch> {
    Arc::new(Dispatcher::new(BoundHandler::all_of(&Arc::new(Slow))).unwrap())
}

fn message(pattern: &str) -> Message {
    Message::new(MessageKind::Request, format!("{pattern:?}"), "null")
}

fn error(answer: Answer) -> TransportError {
    match answer {
        Answer::One(Err(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_layer_sheds_what_is_too_much() {
    let layers = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let dispatch = LayeredDispatch::new(dispatcher(), layers);
    let mut first = dispatch.dispatch(message("never"));
    assert!(futures_util::poll!(&mut first).is_pending());
    let refused = error(dispatch.dispatch(message("fast")).await);
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    drop(first);
    let answer = dispatch.dispatch(message("fast")).await;
    assert!(matches!(answer, Answer::One(Ok(_))), "{answer:?}");
    assert_eq!(dispatch.routes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_layer_ends_what_takes_too_long() {
    let layer = TimeoutLayer::new(Duration::from_secs(1));
    let dispatch = LayeredDispatch::new(dispatcher(), layer);
    let late = error(dispatch.dispatch(message("never")).await);
    assert!(late.message.contains("timed out"), "{late}");
}

#[tokio::test]
async fn one_handler_is_a_service() {
    let handler = BoundHandler::all_of(&Arc::new(Slow)).next().unwrap();
    let service = ConcurrencyLimitLayer::new(1).layer(handler);
    let answer = service.oneshot(message("fast")).await.unwrap();
    assert!(matches!(answer, Answer::One(Ok(Some(reply))) if reply == "1"));
}

//! Layers of tower around a dispatcher.
#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::served::{construct, listen};
use nestrs_core::{Answer, Dispatch, ErrorKind, Message, MessageKind, TransportError};
use nestrs_di::{Module, ModuleDefinition};
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

struct Empty;

impl Module for Empty {
    fn definition() -> ModuleDefinition {
        ModuleDefinition::of::<Self>()
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

#[tokio::test]
async fn a_layer_is_around_all_that_a_server_hands_on() {
    let layers = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let layered = LayeredDispatch::new(dispatcher(), layers);
    let app = listen(construct::<Empty>().await, Arc::new(layered), 4_096).await;
    let client = app.client.clone();
    let first = tokio::spawn(async move { client.send::<_, ()>("never", &()).await });
    tokio::task::yield_now().await;
    let refused = app.client.send::<_, u8>("fast", &()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    // Whoever gives up makes room.
    first.abort();
    first.await.unwrap_err();
    tokio::task::yield_now().await;
    assert_eq!(app.client.send("fast", &()).await, Ok(1));
}

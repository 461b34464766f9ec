//! What the arguments of patterns do: limits, transports, extras, wildcards.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::{Answer, Dispatch, Message, MessageKind, Wildcards};
use nestrs_di::{Container, Graph, Module, ModuleDefinition, injectable};
use nestrs_microservices::{Ctx, Dispatcher, micro_routes, microservice};
use serde_json::json;

async fn build<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

async fn reply(dispatcher: &Dispatcher, pattern: &str) -> Option<Bytes> {
    let message = Message::new(MessageKind::Request, format!("{pattern:?}"), "null");
    match dispatcher.dispatch(message).await {
        Answer::One(reply) => reply.unwrap(),
        Answer::NoHandler => None,
        other => panic!("{other:?}"),
    }
}

#[injectable]
struct Busy {
    #[inject(default)]
    now: Arc<AtomicUsize>,
    #[inject(default)]
    most: Arc<AtomicUsize>,
}

#[micro_routes]
impl Busy {
    #[message_pattern("work", max_in_flight = 3)]
    async fn work(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    #[message_pattern("stream", max_in_flight = 1)]
    async fn stream(&self) -> impl Stream<Item = u8> + use<> {
        stream::iter([1, 2])
    }
}

struct BusyModule;
impl Module for BusyModule {
    fn definition() -> ModuleDefinition {
        microservice::<Busy>(ModuleDefinition::of::<Self>())
    }
}

#[tokio::test]
async fn a_handler_has_no_more_in_hand_than_it_says() {
    let container = build::<BusyModule>().await;
    let dispatcher = Dispatcher::of(&container).unwrap();
    join_all((0..100).map(|_| reply(&dispatcher, "work"))).await;
    let busy = container.get::<Busy>().unwrap();
    assert_eq!(busy.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_stream_is_in_hand_until_its_end() {
    let dispatcher = Dispatcher::of(&build::<BusyModule>().await).unwrap();
    let start = || dispatcher.dispatch(Message::new(MessageKind::Request, "\"stream\"", "null"));
    let Answer::Many(mut items) = start().await else {
        panic!("no stream");
    };
    let mut second = start();
    assert!(futures_util::poll!(&mut second).is_pending());
    assert_eq!(items.next().await.unwrap().unwrap(), "1");
    assert!(futures_util::poll!(&mut second).is_pending());
    drop(items);
    assert!(matches!(second.await, Answer::Many(_)));
}

#[injectable]
struct Routed;

#[micro_routes]
impl Routed {
    #[message_pattern("everywhere")]
    async fn everywhere(&self) -> u8 {
        1
    }

    #[message_pattern("mine", transport = "mqtt", extras = { "qos": 1 })]
    async fn by_mqtt(&self) -> &'static str {
        "mqtt"
    }

    #[message_pattern("mine", transport = "nats")]
    async fn by_nats(&self) -> &'static str {
        "nats"
    }

    #[message_pattern("sensors/+", "sensors/#")]
    async fn any(&self, ctx: Ctx) -> String {
        ctx.pattern().to_owned()
    }

    #[message_pattern("sensors/0")]
    async fn zero(&self) {}
}

struct RoutedModule;
impl Module for RoutedModule {
    fn definition() -> ModuleDefinition {
        microservice::<Routed>(ModuleDefinition::of::<Self>())
    }
}

#[tokio::test]
async fn a_pattern_may_belong_to_one_transport() {
    let container = build::<RoutedModule>().await;
    for (transport, answer) in [
        ("mqtt", Some(Bytes::from("\"mqtt\""))),
        ("nats", Some(Bytes::from("\"nats\""))),
        ("tcp", None),
    ] {
        let dispatcher = Dispatcher::builder(&container).transport(transport);
        let dispatcher = dispatcher.build().unwrap();
        assert_eq!(reply(&dispatcher, "mine").await, answer, "{transport}");
        assert_eq!(reply(&dispatcher, "everywhere").await.unwrap(), "1");
    }
    // On one and the same server they would be in each other's way.
    assert!(Dispatcher::of(&container).is_err());
}

#[tokio::test]
async fn a_transport_learns_the_extras_of_its_patterns() {
    let container = build::<RoutedModule>().await;
    let dispatcher = Dispatcher::builder(&container).transport("mqtt");
    let dispatcher = dispatcher.build().unwrap();
    assert_eq!(dispatcher.extras("mine"), json!({ "qos": 1 }));
    assert_eq!(dispatcher.extras("everywhere"), json!(null));
    assert_eq!(dispatcher.extras("nobody's"), json!(null));
}

#[tokio::test]
async fn wildcards_match_what_is_not_registered_as_it_was_sent() {
    let container = build::<RoutedModule>().await;
    let build = |wildcards| {
        let dispatcher = Dispatcher::builder(&container).transport("mqtt");
        dispatcher.wildcards(wildcards).build().unwrap()
    };
    let open = build(Some(Wildcards::MQTT));
    assert_eq!(reply(&open, "sensors/0").await, None);
    assert_eq!(reply(&open, "sensors/7").await.unwrap(), "\"sensors/7\"");
    assert_eq!(
        reply(&open, "sensors/7/t").await.unwrap(),
        "\"sensors/7/t\""
    );
    assert_eq!(reply(&open, "motors/7").await, None);
    let closed = build(None);
    assert_eq!(reply(&closed, "sensors/7").await, None);
    assert_eq!(reply(&closed, "sensors/+").await.unwrap(), "\"sensors/+\"");
}

#[tokio::test]
async fn a_server_that_knows_the_route_chooses_the_handlers() {
    let container = build::<RoutedModule>().await;
    let dispatcher = Dispatcher::builder(&container)
        .transport("mqtt")
        .wildcards(Some(Wildcards::MQTT))
        .service("app::RoutedModule");
    let dispatcher = dispatcher.build().unwrap();
    assert_eq!(dispatcher.service(), Some("app::RoutedModule"));
    // The pattern alone would find the first of the two, and `sensors/0` the third.
    for subject in ["\"sensors/7\"", "\"sensors/0\""] {
        let mut message = Message::new(MessageKind::Request, subject, "null");
        message.route = Some("sensors/#".into());
        let Answer::One(Ok(Some(seen))) = dispatcher.dispatch(message).await else {
            panic!("an answer");
        };
        assert_eq!(seen, subject);
    }
}

//! What the arguments of patterns do: transports, extras, wildcards.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::Log;
use common::served::{Served, construct, module_of, serve_with};
use nestrs_core::{Answer, Dispatch, Message, MessageKind, Wildcards};
use nestrs_di::injectable;
use nestrs_microservices::{
    Ctx, Dispatcher, ErrorKind, TransportError, micro_routes, warn_of_unserved,
};
use serde_json::{Value, json};

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

    #[message_pattern("mine", transport = "internal")]
    async fn by_name(&self) -> &'static str {
        "internal"
    }

    #[message_pattern("sensors/+", "sensors/#")]
    async fn any(&self, ctx: Ctx) -> String {
        ctx.pattern().to_owned()
    }

    #[message_pattern("sensors/0")]
    async fn zero(&self) -> &'static str {
        "the very one"
    }
}

module_of!(RoutedModule: Routed);

async fn ask(app: &Served, pattern: &str) -> Result<Value, TransportError> {
    app.client.send(pattern, &()).await
}

async fn is_unknown(app: &Served, pattern: &str) -> bool {
    let answer = ask(app, pattern).await;
    answer.is_err_and(|error| error.kind() == ErrorKind::NoHandler)
}

#[tokio::test]
async fn a_pattern_may_belong_to_one_transport_or_one_server() {
    for (transport, name, answer) in [
        ("mqtt", None, Some("mqtt")),
        ("nats", None, Some("nats")),
        ("memory", Some("internal"), Some("internal")),
        ("memory", Some("other"), None),
        ("memory", None, None),
    ] {
        let app = serve_with::<RoutedModule>(|builder| builder.transport(transport).named(name));
        let app = app.await;
        match answer {
            Some(answer) => assert_eq!(ask(&app, "mine").await.unwrap(), answer),
            None => assert!(is_unknown(&app, "mine").await, "{transport} {name:?}"),
        }
        assert_eq!(ask(&app, "everywhere").await.unwrap(), 1);
    }
    // On one and the same server they would be in each other's way.
    assert!(Dispatcher::of(&construct::<RoutedModule>().await).is_err());
}

#[tokio::test]
async fn handlers_that_no_server_calls_are_named_with_what_to_do() {
    let log = Log::start();
    let container = construct::<RoutedModule>().await;
    warn_of_unserved(&container, &["mqtt", "nats", "internal"]);
    assert_eq!(log.text(), "");
    warn_of_unserved(&container, &["mqtt", "tcp"]);
    assert_eq!(log.text().lines().count(), 2, "{}", log.text());
    for (handler, transport) in [("by_nats", "nats"), ("by_name", "internal")] {
        let line = log.line(&format!("WARN `arguments::Routed::{handler} ("));
        for part in [
            "tests/arguments.rs:",
            "never called for `mine`",
            &format!("`transport = \"{transport}\"`"),
            "servers are `mqtt`, `tcp`",
            &format!("`.named(\"{transport}\")`"),
        ] {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
    }
}

#[tokio::test]
async fn wildcards_match_what_is_not_registered_as_it_was_sent() {
    let serve = |wildcards| {
        serve_with::<RoutedModule>(move |builder| builder.transport("mqtt").wildcards(wildcards))
    };
    let open = serve(Some(Wildcards::MQTT)).await;
    for (subject, answer) in [
        ("sensors/0", "the very one"),
        ("sensors/7", "sensors/7"),
        ("sensors/7/t", "sensors/7/t"),
    ] {
        assert_eq!(ask(&open, subject).await.unwrap(), answer);
    }
    assert!(is_unknown(&open, "motors/7").await);
    let closed = serve(None).await;
    assert!(is_unknown(&closed, "sensors/7").await);
    assert_eq!(ask(&closed, "sensors/+").await.unwrap(), "sensors/+");
}

/// What a server asks its dispatch for before it subscribes; this one has no use
/// for the answers.
#[tokio::test]
async fn a_transport_learns_the_extras_of_its_patterns() {
    let container = construct::<RoutedModule>().await;
    let dispatcher = Dispatcher::builder(&container).transport("mqtt");
    let dispatcher = dispatcher.build().unwrap();
    assert_eq!(dispatcher.extras("mine"), json!({ "qos": 1 }));
    assert_eq!(dispatcher.extras("everywhere"), json!(null));
    assert_eq!(dispatcher.extras("nobody's"), json!(null));
}

/// A broker says by which subscription a message came; memory has none.
#[tokio::test]
async fn a_server_that_knows_the_route_chooses_the_handlers() {
    let container = construct::<RoutedModule>().await;
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

//! Handlers, listeners and clients in a container.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::{Arc, Mutex};

use common::Log;
use nestrs_core::{Answer, Dispatch, Message, MessageKind};
use nestrs_di::{Container, Graph, Module, ModuleDefinition, Provider, injectable, module};
use nestrs_microservices::{
    BindError, ClientConfig, ClientProxy, ClientsModule, ClientsService, Dispatcher, EventBus,
    Transport, TransportError, async_trait, event_routes, micro_routes, microservice,
    subscribe_listeners,
};
use serde::Deserialize;
use serde_json::{Value, json};

async fn build<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

/// What `#[module(microservices = […])]` makes of a type, for a module that
/// has nothing else.
macro_rules! module_of {
    ($module:ident: $($service:ty),*) => {
        struct $module;
        impl Module for $module {
            fn definition() -> ModuleDefinition {
                let definition = ModuleDefinition::of::<Self>();
                $(let definition = microservice::<$service>(definition);)*
                definition
            }
        }
    };
}

#[injectable]
struct Counter(Arc<EventBus>);

#[micro_routes]
impl Counter {
    #[message_pattern("count")]
    async fn count(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

module_of!(CounterModule: Counter);

#[tokio::test]
async fn a_dispatcher_calls_the_instances_of_its_application() {
    for _ in 0..2 {
        let container = build::<CounterModule>().await;
        let dispatcher = Dispatcher::of(&container).unwrap();
        let message = Message::new(MessageKind::Request, "\"count\"", "null");
        let Answer::One(Ok(Some(reply))) = dispatcher.dispatch(message).await else {
            panic!("no reply");
        };
        let bus = container.get::<EventBus>().unwrap();
        assert_eq!(reply, Arc::as_ptr(&bus).addr().to_string());
    }
}

#[injectable]
struct OtherCounter;

#[micro_routes]
impl OtherCounter {
    #[message_pattern("count")]
    async fn count_too(&self) {}
}

module_of!(TwoCounters: Counter, OtherCounter);

#[tokio::test]
async fn two_handlers_of_one_pattern_do_not_start() {
    let error = Dispatcher::of(&build::<TwoCounters>().await).unwrap_err();
    let message = error.to_string();
    for part in ["`count`", "Counter::count (", "OtherCounter::count_too ("] {
        assert!(message.contains(part), "{message}");
    }
    assert!(matches!(error, BindError::Conflicts(_)));
}

#[injectable(scope = "transient")]
struct Transient;

#[micro_routes]
impl Transient {
    #[message_pattern("transient")]
    async fn transient(&self) {}
}

module_of!(TransientModule: Transient);

#[tokio::test]
async fn handlers_live_in_singletons() {
    let error = Dispatcher::of(&build::<TransientModule>().await).unwrap_err();
    let message = error.to_string();
    for part in ["Transient` is listed", "`TransientModule`", "no singleton"] {
        assert!(message.contains(part), "{message}");
    }
}

#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

#[injectable]
struct Audit {
    seen: Arc<Seen>,
}

#[derive(Deserialize)]
struct User {
    name: String,
}

#[event_routes]
impl Audit {
    #[on_event("user.created")]
    async fn typed(&self, user: User) {
        self.seen.0.lock().unwrap().push(user.name);
    }

    #[on_event("user.created", "user.deleted")]
    async fn value(&self, user: Value) -> Result<(), TransportError> {
        self.seen.0.lock().unwrap().push(user.to_string());
        match user["name"].as_str() {
            Some("Bob") => Err(TransportError::new("not Bob again")),
            _ => Ok(()),
        }
    }
}

#[module(providers = [Audit, Provider::value(Seen::default())])]
struct AuditModule;

#[tokio::test]
async fn listeners_listen_in_the_applications_that_provide_them() {
    let log = Log::start();
    // This application has no `Audit`, and needs none.
    let without = build::<CounterModule>().await;
    subscribe_listeners(&without);
    let bus = without.get::<EventBus>().unwrap();
    bus.publish("user.created", json!({ "name": "Ada" })).await;

    let container = build::<AuditModule>().await;
    subscribe_listeners(&container);
    let seen = container.get::<Seen>().unwrap();
    let bus = container.get::<EventBus>().unwrap();
    assert!(seen.0.lock().unwrap().is_empty());
    bus.publish("user.created", json!({ "name": "Ada" })).await;
    bus.publish("user.deleted", json!(7)).await;
    let expected = ["Ada", r#"{"name":"Ada"}"#, "7"];
    assert_eq!(*seen.0.lock().unwrap(), expected);
    assert_eq!(log.text(), "");
}

#[tokio::test]
async fn a_listener_that_fails_or_gets_something_else_is_logged() {
    let log = Log::start();
    let container = build::<AuditModule>().await;
    subscribe_listeners(&container);
    let bus = container.get::<EventBus>().unwrap();
    bus.publish("user.created", json!({ "name": 7 })).await;
    log.assert_contains(&[
        "ERROR",
        "Audit::typed",
        "at `name`: invalid type: integer `7`, expected a string",
    ]);
    bus.publish("user.deleted", json!({ "name": "Bob" })).await;
    log.assert_contains(&["Audit::value", "not Bob again"]);
}

/// A transport that replies with its own name.
struct Named(&'static str);

#[async_trait]
impl Transport for Named {
    async fn send_json(&self, _: &str, _: Value) -> Result<Value, TransportError> {
        Ok(self.0.into())
    }
    async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
        Ok(())
    }
}

fn config(name: &'static str) -> ClientConfig {
    ClientConfig::new(name, Arc::new(Named(name)))
}

async fn name_of(client: &ClientProxy) -> String {
    client.send("name", &()).await.unwrap()
}

#[injectable]
struct NeedsOne {
    only: Arc<ClientProxy>,
    all: Arc<ClientsService>,
    bus: Arc<EventBus>,
}

#[module(imports = [ClientsModule::register(&[config("billing")])], providers = [NeedsOne])]
struct OneClient;

#[tokio::test]
async fn one_client_is_the_client() {
    let needs = build::<OneClient>().await.get::<NeedsOne>().unwrap();
    assert_eq!(name_of(&needs.only).await, "billing");
    assert_eq!(name_of(&needs.all.expect("billing")).await, "billing");
    needs.bus.publish("nobody.listens", json!(null)).await;
}

#[module(
    imports = [ClientsModule::register(&[config("billing"), config("mail")])],
    providers = [NeedsOne],
)]
struct TwoClients;

#[tokio::test]
async fn several_clients_are_found_by_name() {
    // None of them is the client.
    let error = TwoClients::verify().unwrap_err().to_string();
    assert!(error.contains("ClientProxy"), "{error}");
    assert!(!error.contains("ClientsService"), "{error}");

    #[injectable]
    struct NeedsMail(#[inject("mail")] Arc<ClientProxy>);
    #[module(
        imports = [ClientsModule::register(&[config("billing"), config("mail")])],
        providers = [NeedsMail],
    )]
    struct Names;
    let container = build::<Names>().await;
    let mail = container.get::<NeedsMail>().unwrap();
    assert_eq!(name_of(&mail.0).await, "mail");
    let clients = container.get::<ClientsService>().unwrap();
    assert_eq!(name_of(&clients.expect("mail")).await, "mail");
    assert_eq!(name_of(&clients.get("billing").unwrap()).await, "billing");
    assert!(clients.get("bill").is_none());
}

/// What a panic says.
fn panic_of(f: impl FnOnce() + Send + 'static) -> String {
    let panic = std::thread::spawn(f).join().unwrap_err();
    panic.downcast_ref::<String>().unwrap().clone()
}

#[tokio::test]
async fn a_name_that_is_missing_is_told_with_those_that_are_there() {
    #[module(imports = [ClientsModule::register(&[config("mail"), config("billing")])])]
    struct Names;
    let clients = build::<Names>().await.get::<ClientsService>().unwrap();
    let message = panic_of(move || drop(clients.expect("biling")));
    assert!(
        message.starts_with("no client is called `biling`; there are `billing`, `mail`:"),
        "{message}"
    );
    #[module(imports = [ClientsModule::register(&[])])]
    struct None;
    let clients = build::<None>().await.get::<ClientsService>().unwrap();
    let message = panic_of(move || drop(clients.expect("billing")));
    assert!(message.contains("was given no clients"), "{message}");
}

#[test]
fn names_are_there_and_differ() {
    let message = panic_of(|| drop(ClientsModule::register(&[config("a"), config("")])));
    assert!(
        message.contains("at place 1") && message.contains("empty name"),
        "{message}"
    );
    let twice = || {
        drop(ClientsModule::register(&[
            config("a"),
            config("b"),
            config("a"),
        ]))
    };
    assert!(panic_of(twice).contains("called `a`"));
}

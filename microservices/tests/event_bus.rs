//! Events within a process.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::panic::Location;
use std::sync::{Arc, Mutex};

use common::Log;
use nestrs_di::{Code, Module, injectable, module};
use nestrs_microservices::{EventBus, event_routes};
use serde_json::{Value, json};
use tokio::sync::{Barrier, Notify, oneshot};

#[tokio::test]
async fn publish_waits_for_all_listeners_which_run_at_the_same_time() {
    let bus = EventBus::new();
    // Each waits for the other: one after the other they would never end.
    let both = Arc::new(Barrier::new(2));
    let seen = Arc::<Mutex<Vec<Value>>>::default();
    for _ in 0..2 {
        let (both, seen) = (both.clone(), seen.clone());
        bus.subscribe("user.created", move |payload| {
            let (both, seen) = (both.clone(), seen.clone());
            async move {
                both.wait().await;
                seen.lock().unwrap().push(payload);
            }
        });
    }
    bus.subscribe("user.deleted", |_| async { panic!("another event") });
    bus.publish("user.created", json!({ "id": 1 })).await;
    bus.publish("nobody.listens", json!(null)).await;
    assert_eq!(
        *seen.lock().unwrap(),
        [json!({ "id": 1 }), json!({ "id": 1 })]
    );
}

#[tokio::test]
async fn a_listener_that_panics_disturbs_no_other_and_is_logged() {
    let log = Log::start();
    let bus = EventBus::new();
    let seen = Arc::new(Mutex::new(0));
    bus.subscribe("a", |_| async { panic!("in the future") });
    bus.subscribe("a", |payload: Value| {
        assert!(payload.is_null(), "before the future");
        async {}
    });
    let counter = seen.clone();
    bus.subscribe("a", move |_| {
        *counter.lock().unwrap() += 1;
        async {}
    });
    bus.publish("a", json!(1)).await;
    bus.publish("a", json!(2)).await;
    assert_eq!(*seen.lock().unwrap(), 2);
    log.assert_contains(&["ERROR", "event=\"a\"", "in the future", "before the future"]);
}

#[tokio::test]
async fn emit_does_not_wait_for_listeners() {
    let bus = EventBus::new();
    let (go, done) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, end) = (go.clone(), done.clone());
    bus.subscribe("a", move |payload| {
        let (gate, end) = (gate.clone(), end.clone());
        async move {
            assert_eq!(payload, json!({ "id": 1 }));
            gate.notified().await;
            end.notify_one();
        }
    });
    // The listener cannot end before it is let go, after this returned.
    bus.emit("a", &json!({ "id": 1 })).await.unwrap();
    go.notify_one();
    done.notified().await;
}

#[test]
fn without_a_runtime_emit_waits() {
    let bus = EventBus::new();
    let (sender, mut received) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    bus.subscribe("a", move |_| {
        let sender = sender.lock().unwrap().take();
        async move { sender.unwrap().send(7).unwrap() }
    });
    let mut emit = std::pin::pin!(bus.emit_json("a", json!(null)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(emit.as_mut().poll(&mut context).is_ready());
    assert_eq!(received.try_recv(), Ok(7));
}

#[tokio::test]
async fn a_payload_that_is_no_json_is_not_emitted() {
    let keyed_by_units = std::collections::HashMap::from([((), 1)]);
    let error = EventBus::new()
        .emit("a", &keyed_by_units)
        .await
        .unwrap_err();
    assert!(error.message.contains("the payload of `a`"), "{error}");
}

#[tokio::test]
async fn a_listener_may_subscribe_another() {
    let bus = EventBus::new();
    let inner = bus.clone();
    bus.subscribe("a", move |_| {
        inner.subscribe("b", |_| async {});
        async {}
    });
    bus.publish("a", json!(null)).await;
}

#[tokio::test]
async fn wildcards_and_exact_names_all_hear_an_event() {
    let bus = EventBus::new();
    let heard = Arc::<Mutex<Vec<&str>>>::default();
    for event in ["user.*", "user.created", "**", "order.*", "user.*.*"] {
        let heard = heard.clone();
        bus.subscribe(event, move |_| {
            heard.lock().unwrap().push(event);
            async {}
        });
    }
    bus.publish("user.created", json!(null)).await;
    assert_eq!(*heard.lock().unwrap(), ["user.created", "user.*", "**"]);
}

#[tokio::test]
async fn a_payload_of_any_type_is_published_and_awaited() {
    let bus = EventBus::new();
    let (sender, mut received) = oneshot::channel();
    let sender = Mutex::new(Some(sender));
    bus.subscribe("a", move |payload| {
        let sender = sender.lock().unwrap().take();
        async move { sender.unwrap().send(payload).unwrap() }
    });
    bus.publish_typed("a", &("Ada", 36)).await.unwrap();
    assert_eq!(received.try_recv(), Ok(json!(["Ada", 36])));
}

#[test]
fn a_listener_that_is_no_singleton_is_reported_instead_of_never_being_called() {
    #[injectable(scope = "transient")]
    struct Audit;
    #[event_routes]
    impl Audit {
        #[on_event("user.created")]
        async fn created(&self) {}
    }
    #[injectable(scope = "request")]
    struct User;
    #[injectable(scope = "inherit")]
    struct Mailer {
        _user: Arc<User>,
    }
    #[event_routes]
    impl Mailer {
        #[on_event("user.created")]
        async fn created(&self) {}
    }
    #[module(providers = [Audit, User, Mailer])]
    struct AppModule;

    let error = AppModule::verify().unwrap_err();
    let [audit, mailer] = error.findings() else {
        panic!("{error}")
    };
    let here = Location::caller().file();
    for (finding, name, scope) in [(audit, "Audit", "transient"), (mailer, "Mailer", "request")] {
        assert_eq!(finding.code, Code::Scope);
        assert_eq!(finding.path, ["AppModule", name]);
        assert!(finding.sites.iter().all(|site| site.at.file() == here));
        let text = finding.to_string();
        for part in [
            &format!("`{name}` listens to events and has scope `{scope}`"),
            "listens here",
            &format!("make `{name}` a singleton"),
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
    }
}

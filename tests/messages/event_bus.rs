//! The event bus of an application, and those who listen on it.

use std::sync::Arc;

use nestrs::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{Journal, client, start, written};

#[injectable]
struct Users {
    bus: Arc<EventBus>,
}

#[micro_routes]
impl Users {
    #[message_pattern("users.create")]
    async fn create(&self, user: Value) -> &'static str {
        self.bus.publish("user.created", user).await;
        Journal::write("created");
        "created"
    }
}

#[derive(Deserialize)]
struct User {
    name: String,
}

#[injectable]
struct Audit;

#[event_routes]
impl Audit {
    #[on_event("user.created", "user.deleted")]
    async fn log(&self, user: Value) {
        // Whoever publishes waits for all who listen.
        tokio::task::yield_now().await;
        Journal::write(format!("audit {user}"));
    }

    #[on_event("user.created")]
    async fn panics(&self) {
        Journal::write("panics");
        panic!("disk full");
    }
}

#[injectable]
struct Mail;

#[event_routes]
impl Mail {
    #[on_event("user.created")]
    async fn welcome(&self, user: User) -> Result<(), TransportError> {
        Journal::write(format!("mail {}", user.name));
        Err(TransportError::new("no such address"))
    }
}

#[module(providers = [Mail])]
struct MailModule;

#[module(imports = [MailModule], providers = [Audit], microservices = [Users])]
struct AppModule;

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[tokio::test]
async fn everyone_hears_and_nobody_disturbs_another_or_who_publishes() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    // The second time is like the first: panics leave nothing behind.
    for _ in 0..2 {
        let created = client.send("users.create", &json!({ "name": "Ada" })).await;
        assert_eq!(created, Ok("created".to_owned()));
        let mut lines = written();
        assert_eq!(
            lines.pop().as_deref(),
            Some("created"),
            "after all who listen"
        );
        let expected = [r#"audit {"name":"Ada"}"#, "mail Ada", "panics"];
        assert_eq!(sorted(lines), expected);
    }
}

#[tokio::test]
async fn who_is_told_something_else_than_expected_keeps_quiet() {
    let app = start::<AppModule>().await;
    client(&app)
        .send::<_, String>("users.create", &7)
        .await
        .unwrap();
    assert_eq!(sorted(written()), ["audit 7", "created", "panics"]);
}

#[tokio::test]
async fn others_may_subscribe_while_it_runs() {
    let app = start::<AppModule>().await;
    let bus = app.get::<EventBus>().unwrap();
    bus.subscribe("user.deleted", |user| async move {
        Journal::write(format!("subscribed {user}"));
    });
    bus.publish("user.deleted", json!(1)).await;
    assert_eq!(sorted(written()), ["audit 1", "subscribed 1"]);
}

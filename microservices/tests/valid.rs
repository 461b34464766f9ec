//! Payloads that are checked before their handler runs.
#![cfg(feature = "garde")]
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::served::{module_of, serve, serve_instance, serve_with};
use garde::Validate;
use nestrs_core::{ErrorKind, TransportError};
use nestrs_di::injectable;
use nestrs_microservices::{
    Ctx, GlobalEnhancers, Incoming, Pipe, Valid, ValidationPipe, async_trait, micro_routes,
};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize, Validate)]
struct NewUser {
    #[garde(length(min = 2))]
    name: String,
    #[garde(range(min = 18))]
    age: u8,
    #[garde(dive)]
    pets: Vec<Pet>,
}

#[derive(Deserialize, Validate)]
struct Pet {
    #[garde(ascii)]
    name: String,
}

struct Users;

#[micro_routes]
impl Users {
    #[message_pattern("users.create")]
    async fn create(&self, _: Ctx, Valid(user): Valid<NewUser>) -> String {
        format!("{} {} {}", user.name, user.age, user.pets[0].name)
    }
}

async fn create(payload: Value) -> Result<String, TransportError> {
    let app = serve_instance(Users).await;
    app.client.send("users.create", &payload).await
}

#[tokio::test]
async fn every_violated_field_is_named() {
    let ada = json!({ "name": "Ada", "age": 36, "pets": [{ "name": "Rex" }] });
    assert_eq!(create(ada).await.unwrap(), "Ada 36 Rex");

    let payload = json!({ "name": "A", "age": 7, "pets": [{ "name": "Rex" }, { "name": "é" }] });
    let error = create(payload).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    let details = error.details.unwrap();
    let fields: Vec<_> = details["violations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|violation| {
            assert!(
                error
                    .message
                    .contains(violation["message"].as_str().unwrap())
            );
            violation["field"].as_str().unwrap()
        })
        .collect();
    assert_eq!(fields, ["age", "name", "pets[1].name"]);

    let error = create(json!({ "name": "Ada" })).await.unwrap_err();
    assert!(error.message.contains("missing field `age`"), "{error}");
}

/// Handlers that do not ask for a check.
#[injectable]
struct Plain;

#[micro_routes]
impl Plain {
    #[message_pattern("plain")]
    async fn plain(&self, user: NewUser) -> String {
        user.name
    }

    #[message_pattern("maybe")]
    async fn maybe(&self, user: Option<NewUser>) -> bool {
        user.is_some()
    }

    #[message_pattern("number")]
    async fn number(&self, ctx: Ctx, n: u8) -> String {
        format!("{} {n}", ctx.pattern())
    }
}

module_of!(PlainModule: Plain);

#[tokio::test]
async fn a_pipe_has_every_payload_checked_that_can_be() {
    let wrong = json!({ "name": "A", "age": 7, "pets": [{ "name": "é" }] });
    let trusting = serve::<PlainModule>().await;
    assert_eq!(trusting.replies("plain", wrong.clone()).await, "\"A\"");

    let app = serve_with::<PlainModule>(|builder| {
        let mut global = GlobalEnhancers::default();
        global.pipe(ValidationPipe);
        builder.global(global)
    })
    .await;
    let strict = create(wrong.clone()).await.unwrap_err();
    for pattern in ["plain", "maybe"] {
        let error = app
            .client
            .send::<_, Value>(pattern, &wrong)
            .await
            .unwrap_err();
        let fields = |error: &TransportError| error.details.clone().unwrap()["violations"].clone();
        assert_eq!(fields(&error), fields(&strict), "{pattern}");
        assert!(
            error.message.contains(&format!("`{pattern}` is not valid")),
            "{error}"
        );
    }
    assert_eq!(app.replies("maybe", json!(null)).await, "false");
    assert_eq!(app.replies("number", json!(7)).await, "\"number 7\"");
    let ada = json!({ "name": "Ada", "age": 36, "pets": [] });
    assert_eq!(app.replies("plain", ada).await, "\"Ada\"");
}

#[derive(Default)]
struct Grown;

#[async_trait]
impl Pipe for Grown {
    async fn transform(&self, mut user: Value, _: &Incoming) -> Result<Value, TransportError> {
        user["age"] = json!(18);
        Ok(user)
    }
}

struct Growing;

#[micro_routes]
impl Growing {
    #[message_pattern("grow")]
    #[use_micro_pipes(ValidationPipe, Grown)]
    async fn grow(&self, user: NewUser) -> u8 {
        user.age
    }
}

#[tokio::test]
async fn what_is_checked_is_what_the_handler_gets() {
    let app = serve_instance(Growing).await;
    let child = json!({ "name": "Bo", "age": 7, "pets": [] });
    assert_eq!(app.replies("grow", child).await, "18");
}

//! Payloads that are checked before their handler runs.
#![cfg(feature = "garde")]
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

use std::sync::Arc;

use garde::Validate;
use nestrs_core::{Answer, Dispatch, ErrorKind, Message, MessageKind, TransportError};
use nestrs_microservices::{BoundHandler, Ctx, Dispatcher, Valid, micro_routes};
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
    let dispatcher = Dispatcher::new(BoundHandler::all_of(&Arc::new(Users))).unwrap();
    let message = Message::new(
        MessageKind::Request,
        "\"users.create\"",
        payload.to_string(),
    );
    match dispatcher.dispatch(message).await {
        Answer::One(reply) => Ok(String::from_utf8(reply?.unwrap().to_vec()).unwrap()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_violated_field_is_named() {
    let ada = json!({ "name": "Ada", "age": 36, "pets": [{ "name": "Rex" }] });
    assert_eq!(create(ada).await.unwrap(), "\"Ada 36 Rex\"");

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

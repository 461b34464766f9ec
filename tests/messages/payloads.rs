//! Payloads become what their handlers take, or the caller learns why not.

use std::collections::BTreeMap;

use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::common::{Journal, client, drain, start, written};

#[derive(Debug, Deserialize)]
struct Order {
    id: u32,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Item {
    price: f64,
}

#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern("value")]
    async fn value(&self, payload: Value) -> Value {
        payload
    }

    #[message_pattern("order")]
    #[event_pattern("order.event")]
    async fn order(&self, order: Order) -> String {
        Journal::write("order");
        format!("{} x{} {:?}", order.id, order.items.len(), order.note)
    }

    #[message_pattern("order.piped")]
    #[use_micro_pipes(Same)]
    async fn piped(&self, Order { id, items, .. }: Order) -> f64 {
        Journal::write("piped");
        f64::from(id) * items.iter().map(|item| item.price).sum::<f64>()
    }

    #[message_pattern("nothing")]
    async fn nothing(&self) -> u8 {
        1
    }

    #[message_pattern("unit")]
    async fn unit(&self, (): ()) -> u8 {
        2
    }

    #[message_pattern("option")]
    async fn option(&self, n: Option<u8>) -> bool {
        n.is_some()
    }

    #[message_pattern("map")]
    async fn map(&self, mut stock: BTreeMap<String, i64>) -> Vec<(String, i64)> {
        stock.retain(|_, count| *count > 0);
        stock.into_iter().collect()
    }

    #[message_pattern("text")]
    async fn text(&self, text: String) -> usize {
        text.chars().count()
    }
}

#[derive(Default)]
struct Same;

#[async_trait]
impl MicroPipeTransform for Same {
    async fn transform_micro(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        Ok(payload)
    }
}

#[module(microservices = [Orders])]
struct AppModule;

#[tokio::test]
async fn a_handler_takes_whatever_can_be_deserialised() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let order = json!({ "id": 7, "items": [{ "price": 1.5 }, { "price": 2 }] });
    for (pattern, payload, reply) in [
        (
            "value",
            json!({ "a": [null, "é😀"] }),
            json!({ "a": [null, "é😀"] }),
        ),
        ("order", order.clone(), json!("7 x2 None")),
        ("order.piped", order, json!(24.5)),
        ("nothing", json!({ "any": "thing" }), json!(1)),
        ("unit", json!([1, 2]), json!(2)),
        ("option", json!(null), json!(false)),
        ("option", json!(3), json!(true)),
        (
            "map",
            json!({ "b": 2, "a": 1, "c": 0 }),
            json!([["a", 1], ["b", 2]]),
        ),
        ("text", json!("né😀"), json!(3)),
    ] {
        let answer: Value = client.send(pattern, &payload).await.unwrap();
        assert_eq!(answer, reply, "{pattern}");
    }
}

#[tokio::test]
async fn a_wrong_payload_is_answered_with_field_and_type_and_nothing_runs() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    for (payload, why) in [
        (json!({ "items": [] }), "missing field `id`"),
        (
            json!({ "id": "7", "items": [] }),
            "at `id`: invalid type: string \"7\", expected u32",
        ),
        (
            json!({ "id": -7, "items": [] }),
            "at `id`: invalid value: integer `-7`, expected u32",
        ),
        (
            json!({ "id": 7, "items": [{ "price": 1 }, { "price": null }] }),
            "at `items[1].price`: invalid type: null, expected f64",
        ),
        (json!(null), "invalid type: null, expected struct Order"),
    ] {
        // With an enhancer the payload takes another way.
        for pattern in ["order", "order.piped"] {
            let error = client
                .send::<_, Value>(pattern, &payload)
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPayload);
            assert_eq!(
                error.message,
                format!("the payload of `{pattern}` is not what its handler takes: {why}")
            );
        }
        client.emit("order.event", &payload).await.unwrap();
    }
    drain(app, &client).await;
    assert_eq!(written(), Vec::<String>::new());
}

//! All the ways to write a pattern, and to send one.

use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::common::{Socket, client, start};

#[injectable]
struct Math;

#[micro_routes]
impl Math {
    #[message_pattern("sum", { "cmd": "sum", "of": { "type": "int", "v": 2 } })]
    #[message_pattern("plus")]
    async fn sum(&self, numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }

    #[message_pattern(["product", { "cmd": "product" }])]
    async fn product(&self, numbers: Vec<i64>) -> i64 {
        numbers.iter().product()
    }

    #[message_pattern(7)]
    async fn seven(&self, numbers: Vec<i64>) -> usize {
        numbers.len()
    }
}

#[module(microservices = [Math])]
struct AppModule;

#[tokio::test]
async fn every_form_of_a_pattern_finds_its_handler() {
    let app = start::<AppModule>().await;
    let mut socket = Socket::connect(app.local_addr().unwrap()).await;
    for (pattern, reply) in [
        (json!("sum"), 9),
        (json!("plus"), 9),
        (json!("product"), 24),
        (json!({ "cmd": "product" }), 24),
        (json!(7), 3),
        (json!("7"), 3),
        // A client may send an object as the text it stands for.
        (json!(r#"{"cmd":"product"}"#), 24),
        (json!(r#"{"of": {"v": 2, "type": "int"}, "cmd": "sum"}"#), 9),
    ] {
        let answer = socket.ask(pattern.clone(), json!([2, 3, 4])).await;
        assert_eq!(answer["response"], reply, "{pattern}");
    }
}

#[tokio::test]
async fn the_order_of_keys_is_of_no_matter() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    for pattern in [
        r#"{"cmd":"sum","of":{"type":"int","v":2}}"#,
        r#"{"of":{"v":2,"type":"int"},"cmd":"sum"}"#,
    ] {
        let mut socket = Socket::connect(app.local_addr().unwrap()).await;
        // As text: `json!` would sort the keys.
        let packet = format!(r#"{{"id":"a","data":[2,3,4],"pattern":{pattern}}}"#);
        socket.send(packet).await;
        assert_eq!(socket.receive().await.unwrap()["response"], 9, "{pattern}");
        let text = client.send(pattern, &[2, 3, 4]).await;
        assert_eq!(text, Ok(9), "{pattern}");
    }
    let pattern = Pattern::from(json!({ "of": { "v": 2, "type": "int" }, "cmd": "sum" }));
    assert_eq!(client.send(&pattern, &[2, 3, 4]).await, Ok(9));
}

#[tokio::test]
async fn other_patterns_have_no_handler() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    for pattern in ["Sum", "sum ", "", "8", r#"{"cmd":"sum"}"#, r#"["product"]"#] {
        let error = client.send::<_, Value>(pattern, &[1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoHandler, "{pattern}");
    }
    assert_eq!(client.send("sum", &[1]).await, Ok(1));
}

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Candidate, Failure, Row, stand::Stand};

/// Room for what a packet is around its payload.
const AROUND: usize = 1_024;

/// What is sent is what arrives, and what is answered is what comes back.
pub(super) async fn equal(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let _server = stand.serve().await?;
    let client = stand.client();
    let payloads = payloads(&*candidate);
    for payload in &payloads {
        let reply = client.request("echo", payload.clone()).await?;
        Failure::unless(reply == *payload, || {
            format!("{} came back as {}", shown(payload), shown(&reply))
        })?;
    }
    Ok(Row::of(payloads.len()))
}

fn payloads(candidate: &dyn Candidate) -> Vec<Value> {
    let every_byte: String = (0..=255).map(char::from).collect();
    let limit = candidate.features().limit.map(|limit| limit.bytes);
    let large = limit.map_or(1 << 20, |limit| (limit - AROUND).min(1 << 20));
    vec![
        Value::Null,
        json!(""),
        json!([]),
        json!({}),
        json!({ "": null }),
        json!(false),
        json!(0),
        json!([u64::MAX, i64::MIN, f64::MAX, f64::MIN_POSITIVE, 0.1]),
        json!(every_byte),
        json!("\r\n\0#12#{\"id\":1}*3\r\n"),
        json!("é e\u{301} 漢字 😀 \u{1F468}\u{200D}\u{1F469} \u{FEFF}\u{2028}\u{FFFF}"),
        json!({ "\u{0}": { "a\"b\\": [[[[[["deep"]]]]]] } }),
        json!({ "pattern": "x", "data": 1, "id": "y", "err": 1, "response": 2, "isDisposed": true }),
        json!("x".repeat(large)),
    ]
}

fn shown(payload: &Value) -> String {
    let text = payload.to_string();
    match text.char_indices().nth(100) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

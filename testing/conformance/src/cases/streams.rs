use std::sync::Arc;

use serde_json::{Value, json};

use crate::{Candidate, Failure, Row, stand::Stand};

/// Every item of a stream comes, in order, beside other streams; then its end, or its error.
pub(super) async fn in_order(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    const ITEMS: u64 = 200;
    let stand = Stand::new(&candidate).await?;
    let _server = stand.serve().await?;
    let client = stand.client();
    let (one, other, empty, broken) = tokio::join!(
        client.stream("count", json!(ITEMS)),
        client.stream("count", json!(ITEMS)),
        client.stream("count", json!(0)),
        client.stream("break", json!(ITEMS)),
    );
    let all: Vec<Value> = (0..ITEMS).map(Value::from).collect();
    for (name, stream, items) in [
        ("one of two streams", one?, &all[..]),
        ("the other", other?, &all[..]),
        ("an empty one", empty?, &[][..]),
    ] {
        Failure::unless(stream.0 == items && stream.1.is_none(), || {
            format!("{name}: {stream:?}")
        })?;
    }
    let (items, error) = broken?;
    let message = error.map(|error| error.message);
    let told = items == all && message.as_deref() == Some("broken off");
    Failure::unless(told, || format!("a stream that breaks off: {message:?}"))?;
    Ok(Row::of(3 * ITEMS as usize + 1))
}

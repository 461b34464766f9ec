use std::{sync::Arc, time::Duration};

use nestrs::core::{ErrorKind, error::INTERNAL_SERVER_ERROR};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Candidate, Failure, Row,
    stand::{Client, Stand},
};

/// An error reaches the caller as it is.
pub(super) async fn returned(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let _server = stand.serve().await?;
    let client = stand.client();
    for payload in [Value::Null, json!({ "a": [1] }), json!("é")] {
        let error = fails(&client, "fail", payload.clone()).await?;
        let as_it_is =
            error.message == "on purpose" && error.details == Some(json!({ "payload": payload }));
        Failure::unless(as_it_is, || format!("{error:?}"))?;
    }
    Ok(Row::of(3))
}

/// A panic is answered, at once, and does not tell what it says.
pub(super) async fn panicked(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    const TIMES: usize = 21;
    let stand = Stand::new(&candidate).await?;
    let _server = stand.serve().await?;
    let client = stand.client();
    client.request("echo", json!(1)).await?;
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let start = Instant::now();
        let error = fails(&client, "panic", json!(1)).await?;
        times.push(start.elapsed());
        let silent = error.message == INTERNAL_SERVER_ERROR && error.details.is_none();
        Failure::unless(silent, || format!("{error:?}"))?;
    }
    times.sort_unstable();
    // Of a machine that has other things to do, one answer may be late.
    let median = times[TIMES / 2];
    Failure::unless(median < Duration::from_millis(10), || {
        format!("a panic was answered after {median:?}")
    })?;
    let mut row = Row::of(TIMES);
    row.p99(times);
    Ok(row)
}

/// What cannot be read fails alone, between messages that pass.
pub(super) async fn undecodable(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let server = stand.serve().await?;
    let client = stand.client();
    let garbage: [&[u8]; 4] = [b"{", b"", b"\xff\xfe\0", b"[1,2"];
    let mut row = Row::default();
    for (id, bytes) in (0..).zip(garbage) {
        client.event("event", 2 * id).await?;
        row.attempted += 3;
        let error = fails(&client, "id", json!({ "id": "not a number" })).await?;
        Failure::unless(error.kind() == ErrorKind::InvalidPayload, || {
            format!("a payload of a wrong type: {error:?}")
        })?;
        if candidate
            .garble(&stand.place, &stand.route("event"), bytes)
            .await?
        {
            row.attempted += 1;
        }
        client.number("id", 2 * id + 1).await?;
    }
    let sent: Vec<_> = (0..8).collect();
    server.log.until_seen(&sent).await;
    row.count(&sent, &server.log.seen());
    Failure::unless(row.delivered == 8 && row.duplicated == 0, || {
        format!("what was around it did not pass once: {row:?}")
    })?;
    Ok(row)
}

async fn fails(
    client: &Client,
    route: &str,
    payload: Value,
) -> Result<nestrs::core::TransportError, Failure> {
    match client.request(route, payload).await {
        Ok(reply) => Err(Failure::Broken(format!("{route} answered {reply}"))),
        Err(error) => Ok(error),
    }
}

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use nestrs::core::TransportError;
use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    Candidate, Failure, Row,
    stand::{Client, Stand},
};

const REQUESTS: u64 = 10_000;
const IN_FLIGHT: usize = 64;

/// Ten thousand requests at 64 in flight: each caller gets its own answer.
pub(super) async fn matched(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let server = stand.serve().await?;
    let client = stand.client();
    let next = Arc::new(AtomicU64::new(0));
    let mut callers: JoinSet<_> = (0..IN_FLIGHT)
        .map(|_| call(client.clone(), Arc::clone(&next)))
        .collect();
    let mut row = Row {
        attempted: REQUESTS as usize,
        ..Row::default()
    };
    let (mut acked, mut latencies) = (Vec::new(), Vec::new());
    while let Some(caller) = callers.join_next().await {
        let broken = |error| Failure::Broken(format!("a caller ended: {error}"));
        let caller = caller.map_err(broken)??;
        acked.extend(caller.own);
        latencies.extend(caller.latencies);
        row.unexpected += caller.others;
    }
    row.count(&acked, &server.log.seen());
    row.p99(latencies);
    let all = row.acked == row.attempted && row.delivered == row.attempted;
    Failure::unless(all && row.unexpected + row.duplicated == 0, || {
        format!("not every request was answered once and to its caller: {row:?}")
    })?;
    Ok(row)
}

#[derive(Default)]
struct Caller {
    own: Vec<u64>,
    others: usize,
    latencies: Vec<Duration>,
}

async fn call(client: Client, next: Arc<AtomicU64>) -> Result<Caller, TransportError> {
    let mut caller = Caller::default();
    loop {
        let id = next.fetch_add(1, Ordering::Relaxed);
        if id >= REQUESTS {
            return Ok(caller);
        }
        let start = Instant::now();
        if client.number("id", id).await? {
            caller.own.push(id);
            caller.latencies.push(start.elapsed());
        } else {
            caller.others += 1;
        }
    }
}

/// A request with a pattern that nobody has fails as declared, an event goes nowhere, and
/// neither is in the way of others.
pub(super) async fn unknown(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let _server = stand.serve().await?;
    let client = stand.client();
    let declared = candidate.features().unknown;
    for _ in 0..10 {
        // Where nobody answers, that is all the caller can learn.
        let asked = client.request_within("nobody", json!(1), Duration::from_millis(500));
        let error = match asked.await {
            Ok(reply) => return Err(Failure::Broken(format!("nobody answered {reply}"))),
            Err(error) => error,
        };
        Failure::unless(error.kind() == declared, || {
            format!("{error} is {:?}, declared is {declared:?}", error.kind())
        })?;
        client.event("nobody", 1).await?;
        client.request("echo", json!(1)).await?;
    }
    Ok(Row::of(30))
}

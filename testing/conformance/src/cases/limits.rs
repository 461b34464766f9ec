use std::{sync::Arc, time::Duration};

use nestrs::core::TransportError;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Candidate, Failure, Limit, Row, Settings,
    stand::{Client, Stand},
};

/// What a packet is at most around its payload.
const AROUND: usize = 1_024;

/// A message passes up to a size and is refused from one byte more on, with the declared error;
/// so is a reply, and what comes after them passes.
pub(super) async fn size(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let Some(limit) = candidate.features().limit else {
        return Ok(Row::default());
    };
    let stand = Stand::new(&candidate).await?.settings(Settings {
        limited: true,
        ..Settings::default()
    });
    let _server = stand.serve().await?;
    let client = stand.client();

    let (mut passes, mut fails) = (limit.bytes - AROUND, limit.bytes);
    let mut tried = 2;
    echo(&client, passes).await?;
    refused(&client, fails, limit).await?;
    while fails - passes > 1 {
        tried += 1;
        let middle = passes.midpoint(fails);
        match echo(&client, middle).await {
            Ok(()) => passes = middle,
            Err(Failure::Transport(error)) => {
                expected(&error, limit)?;
                fails = middle;
            }
            Err(other) => return Err(other),
        }
    }
    // A small request and a reply that is too large.
    let error = match client.request("inflate", json!(2 * limit.bytes)).await {
        Ok(_) => return Err(Failure::Broken("a reply over the limit came".to_owned())),
        Err(error) => error,
    };
    let told = error.kind() != nestrs::core::ErrorKind::Timeout;
    Failure::unless(told, || format!("of a reply over the limit: {error}"))?;
    // Where exactly the limit is depends on a packet's number, and whether it is the first.
    echo(&client, limit.bytes - AROUND).await?;
    Ok(Row::of(tried + 2))
}

async fn echo(client: &Client, bytes: usize) -> Result<(), Failure> {
    let payload = json!("x".repeat(bytes));
    let reply = client.request("echo", payload.clone()).await?;
    Failure::unless(reply == payload, || format!("{bytes} bytes changed"))
}

async fn refused(client: &Client, bytes: usize, limit: Limit) -> Result<(), Failure> {
    match echo(client, bytes).await {
        Err(Failure::Transport(error)) => expected(&error, limit),
        Err(other) => Err(other),
        Ok(()) => {
            let what = format!("{bytes} bytes passed, with a limit of {}", limit.bytes);
            Err(Failure::Broken(what))
        }
    }
}

fn expected(error: &TransportError, limit: Limit) -> Result<(), Failure> {
    Failure::unless(error.kind() == limit.error, || {
        let declared = limit.error;
        format!("{error} is {:?}, declared is {declared:?}", error.kind())
    })
}

/// A server never has more messages in hand than its limit, and takes the next when one is done.
pub(super) async fn concurrency(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    const LIMIT: usize = 10;
    const REQUESTS: usize = 200;
    let stand = Stand::new(&candidate).await?.settings(Settings {
        max_in_flight: Some(LIMIT),
        ..Settings::default()
    });
    let server = stand.serve().await?;
    let client = stand.client();
    let patience = Duration::from_secs(60);
    let mut calls: JoinSet<_> = (0..REQUESTS)
        .map(|id| {
            let client = client.clone();
            let payload = json!({ "id": id });
            async move { client.request_within("gated", payload, patience).await }
        })
        .collect();
    for released in (0..REQUESTS).step_by(LIMIT) {
        server
            .log
            .until(|state| state.total >= released + LIMIT)
            .await;
        let state = server.log.state();
        Failure::unless(state.total == released + LIMIT, || {
            format!("{released} were done, and {} were started", state.total)
        })?;
        server.log.gate.add_permits(LIMIT);
    }
    while let Some(call) = calls.join_next().await {
        let broken = |error| Failure::Broken(format!("a caller ended: {error}"));
        call.map_err(broken)??;
    }
    let most = server.log.state().most_in_hand;
    Failure::unless(most == LIMIT, || {
        format!("{most} were in hand with a limit of {LIMIT}")
    })?;
    let mut row = Row {
        attempted: REQUESTS,
        ..Row::default()
    };
    let all: Vec<_> = (0..REQUESTS as u64).collect();
    row.count(&all, &server.log.seen());
    Failure::unless(row.lost + row.duplicated == 0, || format!("{row:?}"))?;
    Ok(row)
}

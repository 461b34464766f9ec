use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use crate::{Candidate, Failure, Row, load::recovered, service::ALL, stand::Stand};

/// Ready means ready: the first request after a start is answered, every time.
pub(super) async fn cold(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let starts = candidate.features().cold_starts;
    let mut stand = Stand::new(&candidate).await?;
    let mut client = stand.client();
    let mut row = Row {
        attempted: starts,
        ..Row::default()
    };
    let mut latencies = Vec::new();
    for id in 0..starts {
        if candidate.broker().is_none() {
            // Another address: a client that finds its server gone is another case.
            stand = Stand::new(&candidate).await?;
            client = stand.client();
        }
        // A route of its own: no subscription of before may answer.
        let route = id.to_string();
        let server = stand
            .serve_routes(&[(&route, "id")], Arc::default())
            .await?;
        let start = Instant::now();
        match client.number(&route, id as u64).await {
            Ok(true) => row.acked += 1,
            Ok(false) => row.unexpected += 1,
            Err(_) => {}
        }
        latencies.push(start.elapsed());
        row.delivered += server.log.state().total;
        server.stop().await;
    }
    row.p99(latencies);
    Failure::unless(row.acked == starts, || {
        format!("{} first requests were not answered", starts - row.acked)
    })?;
    Ok(row)
}

/// A server and a client that are there before their broker work when it comes. Where there is
/// no broker, a client that is there before its server does.
pub(super) async fn late(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let Some(kind) = candidate.broker() else {
        let stand = Stand::new(&candidate).await?;
        let client = stand.client();
        let call = tokio::spawn(async move { client.number("id", 1).await });
        let _server = stand.serve().await?;
        let broken = |error| Failure::Broken(format!("a caller ended: {error}"));
        call.await.map_err(broken)??;
        return Ok(Row::of(1));
    };
    let (stand, mut broker) = Stand::with_broker(&candidate, kind)?;
    let client = stand.client();
    // It tries once before there is anything.
    let early = client.request_within("echo", json!(1), Duration::from_millis(300));
    let early = early.await.is_err();
    Failure::unless(early, || "a request was answered by nobody".to_owned())?;
    let start = async { stand.serve_routes(&ALL, Arc::default()).await };
    let come = async { broker.restart().await.map_err(Failure::from) };
    let (server, ()) = tokio::try_join!(start, come)?;
    let since = Instant::now();
    let took = recovered(&client, since, Duration::from_secs(5)).await?;
    client.number("id", 1).await?;
    client.event("event", 2).await?;
    server.log.until_seen(&[1, 2]).await;
    let mut row = Row::of(2);
    row.recovered_in(took);
    Ok(row)
}

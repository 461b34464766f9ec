use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::task::JoinSet;

use crate::{Candidate, Failure, Row, stand::Stand};

/// A server that is stopped with 200 handlers at work answers all of them, and then nothing more.
///
/// What a broker had handed to a server may be handled while that stops: nobody else would get it.
pub(super) async fn drained(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let requests = candidate.features().in_hand;
    let stand = Stand::new(&candidate).await?;
    let server = stand.serve().await?;
    let client = stand.client();
    let call = |id: usize| {
        let client = client.clone();
        let payload = json!({ "id": id });
        async move {
            let patience = Duration::from_secs(30);
            client.request_within("gated", payload, patience).await
        }
    };
    let mut calls: JoinSet<_> = (0..requests).map(call).collect();
    server.log.until(|state| state.total >= requests).await;
    server.shutdown.stop();
    Failure::unless(!server.is_done(), || {
        format!("the server was done with {requests} handlers at work")
    })?;
    let late = json!({ "id": requests });
    let late = client.request_within("id", late, Duration::from_secs(1));
    let log = Arc::clone(&server.log);
    let stop = async {
        log.gate.add_permits(requests);
        server.stop().await;
    };
    let (late, ()) = tokio::join!(late, stop);
    Failure::unless(late.is_err() || candidate.broker().is_some(), || {
        "a server that was stopping took a request".to_owned()
    })?;
    let gone = json!({ "id": requests + 1 });
    let gone = client.request_within("id", gone, Duration::from_secs(1));
    Failure::unless(gone.await.is_err(), || {
        "a server that had stopped took a request".to_owned()
    })?;
    let mut row = Row {
        attempted: requests + 2,
        ..Row::default()
    };
    let mut acked: Vec<_> = late.ok().and_then(|id| id.as_u64()).into_iter().collect();
    while let Some(call) = calls.join_next().await {
        let broken = |error| Failure::Broken(format!("a caller ended: {error}"));
        if let Some(id) = call.map_err(broken)??.as_u64() {
            acked.push(id);
        }
    }
    row.count(&acked, &log.seen());
    let all = row.acked >= requests && row.lost == 0;
    Failure::unless(all && row.duplicated == 0, || format!("{row:?}"))?;
    Ok(row)
}

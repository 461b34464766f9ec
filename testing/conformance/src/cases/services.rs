use std::{collections::HashMap, sync::Arc};

use serde_json::json;

use crate::{
    Candidate, Failure, Replicas, Row, Settings,
    service::Log,
    stand::{Client, Server, Stand},
};

const MESSAGES: u64 = 100;

/// Two services with default options on one broker get what is theirs, all of it, and none of
/// the other's; an event that both have reaches both, where that is declared.
pub(super) async fn apart(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?;
    let services = [("a", stand.other("a")), ("b", stand.other("b"))];
    let mut servers = Vec::new();
    for (name, stand) in &services {
        let routes = [
            (format!("{name}.id"), "id"),
            (format!("{name}.event"), "event"),
            ("both".to_owned(), "event"),
        ];
        servers.push(stand.serve_routes(&routes, Arc::default()).await?);
    }
    let mut row = Row::default();
    for (index, (name, stand)) in services.iter().enumerate() {
        let client = stand.client();
        let own: Vec<_> = (0..2 * MESSAGES)
            .map(|id| 1_000 * index as u64 + id)
            .collect();
        for pair in own.chunks(2) {
            client.number(&format!("{name}.id"), pair[0]).await?;
            client.event(&format!("{name}.event"), pair[1]).await?;
        }
        servers[index].log.until_seen(&own).await;
        row.attempted += own.len();
        row.acked += own.len();
    }
    if candidate.features().shares_events {
        let both: Vec<_> = (0..MESSAGES).map(|id| 10_000 + id).collect();
        let client = services[0].1.client();
        for id in &both {
            client.event("both", *id).await?;
        }
        for server in &servers {
            server.log.until_seen(&both).await;
        }
    }
    for (index, server) in servers.iter().enumerate() {
        let seen = server.log.seen();
        let other = 1_000 * (1 - index as u64);
        row.delivered += seen.len();
        row.duplicated += seen.values().map(|times| times - 1).sum::<usize>();
        row.unexpected += seen
            .keys()
            .filter(|id| (other..other + 1_000).contains(id))
            .count();
    }
    Failure::unless(row.duplicated + row.unexpected == 0, || {
        format!("one service saw what is the other's: {row:?}")
    })?;
    Ok(row)
}

/// Two replicas handle each event as declared: once together, or once each.
pub(super) async fn replicas(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let times = match candidate.features().replicas {
        Replicas::All => 2,
        Replicas::Compete | Replicas::None => 1,
    };
    handled(candidate, Settings::default(), times).await
}

/// With the option, they handle it once each.
pub(super) async fn broadcast(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let settings = Settings {
        broadcast: true,
        ..Settings::default()
    };
    handled(candidate, settings, 2).await
}

async fn handled(
    candidate: Arc<dyn Candidate>,
    settings: Settings,
    times: usize,
) -> Result<Row, Failure> {
    let stand = Stand::new(&candidate).await?.settings(settings);
    let servers = [stand.serve().await?, stand.serve().await?];
    let client = stand.client();
    let sent: Vec<_> = (0..MESSAGES).collect();
    for id in &sent {
        client.event("event", *id).await?;
    }
    for server in &servers {
        if times == 2 {
            server.log.until_seen(&sent).await;
        }
    }
    both(&servers, &sent).await;
    // What comes after the events has come when they have, to each replica.
    fence(&client, &servers).await?;

    let seen = servers.each_ref().map(|server| server.log.seen());
    let mut together: HashMap<u64, usize> = HashMap::new();
    for (id, times) in seen.into_iter().flatten().filter(|(id, _)| *id < MESSAGES) {
        *together.entry(id).or_default() += times;
    }
    let mut row = Row {
        attempted: sent.len(),
        ..Row::default()
    };
    row.count(&sent, &together);
    let wrong = together
        .iter()
        .filter(|(_, count)| **count != times)
        .count();
    Failure::unless(wrong == 0 && row.lost == 0, || {
        format!("{wrong} of {MESSAGES} events were not handled {times} times: {row:?}")
    })?;
    if times == 2 {
        row.duplicated -= sent.len();
    }
    Ok(row)
}

/// Waits until one or the other saw each.
async fn both(servers: &[Server; 2], ids: &[u64]) {
    let [one, other] = servers.each_ref().map(|server| &server.log);
    for id in ids {
        let id = std::slice::from_ref(id);
        tokio::select! {
            () = one.until_seen(id) => {}
            () = other.until_seen(id) => {}
        }
    }
}

/// Asks until each replica has answered after the events.
async fn fence(client: &Client, servers: &[Server; 2]) -> Result<(), Failure> {
    let answered = |log: &Log| log.seen().keys().any(|id| *id >= MESSAGES);
    let mut next = MESSAGES;
    while !servers.iter().all(|server| answered(&server.log)) {
        client.request("id", json!({ "id": next })).await?;
        next += 1;
    }
    Ok(())
}

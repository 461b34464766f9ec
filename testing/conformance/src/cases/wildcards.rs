use std::sync::Arc;

use nestrs::core::Wildcards;

use crate::{Candidate, Failure, Place, Row, Settings, stand::Stand};

/// The wildcards of a transport, as its server tells.
pub(super) fn of(candidate: &dyn Candidate) -> Option<Wildcards> {
    let place = Place {
        address: candidate.address(),
        service: String::new(),
    };
    candidate.server(&place, &Settings::default()).wildcards()
}

/// A route with wildcards gets what it stands for and nothing else.
pub(super) async fn found(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let (routes, inside, outside) = match of(&*candidate) {
        None => return Ok(Row::default()),
        Some(Wildcards::Words {
            separator: s,
            one,
            many,
            ..
        }) => (
            [format!("w{s}{one}{s}end"), format!("m{s}{many}")],
            [
                format!("w{s}a{s}end"),
                format!("w{s}b{s}end"),
                format!("m{s}a"),
                format!("m{s}a{s}b"),
            ],
            [
                format!("w{s}a{s}b{s}end"),
                format!("w{s}a{s}other"),
                format!("n{s}a"),
            ],
        ),
        Some(_) => (
            ["w?.*.end", "m[ab]*"].map(str::to_owned),
            ["w1.a.end", "w2.a.b.end", "ma", "mb.c"].map(str::to_owned),
            ["w.a.end", "w1.a.other", "mc"].map(str::to_owned),
        ),
    };
    let stand = Stand::new(&candidate).await?;
    let log = Arc::default();
    let routes = [
        (&routes[0], "event"),
        (&routes[1], "event"),
        (&"last".to_owned(), "event"),
    ];
    let server = stand.serve_routes(&routes, Arc::clone(&log)).await?;
    let client = stand.client();
    let mut sent = Vec::new();
    for (id, name) in (0..).zip(&outside) {
        client.event(name, 1_000 + id).await?;
    }
    for (id, name) in (0..).zip(&inside) {
        client.event(name, id).await?;
        sent.push(id);
    }
    client.event("last", 100).await?;
    sent.push(100);
    log.until_seen(&sent).await;
    let mut row = Row {
        attempted: inside.len() + outside.len() + 1,
        ..Row::default()
    };
    let seen = log.seen();
    row.count(&sent, &seen);
    row.unexpected = seen.keys().filter(|id| **id >= 1_000).count();
    Failure::unless(row.unexpected + row.duplicated == 0, || {
        format!("a wildcard stood for too much: {row:?}")
    })?;
    server.stop().await;
    Ok(row)
}

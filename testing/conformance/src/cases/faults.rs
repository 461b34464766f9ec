use std::{sync::Arc, time::Duration};

use nestrs_brokers::{Broker, Proxy};
use tokio::time::{Instant, interval, sleep};

use crate::{
    Candidate, Delivery, Failure, Row,
    load::{Load, recovered},
    service::{ALL, Log},
    stand::Stand,
};

/// A connection that was killed is back within this time.
const AFTER_A_CUT: Duration = Duration::from_secs(2);
/// Who tries again waits for up to 2 s after many attempts.
const AFTER_A_RESTART: Duration = Duration::from_secs(4);
/// Of the load, before and after a fault.
const ENOUGH: usize = 200;

/// The broker is killed and started again under load; where there is none, the server is.
pub(super) async fn killed(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let log = Arc::default();
    let Some(kind) = candidate.broker() else {
        let stand = Stand::new(&candidate).await?;
        let server = stand.serve_routes(&ALL, Arc::clone(&log)).await?;
        let load = Load::start(&stand.client());
        load.until_acked(ENOUGH).await;
        server.kill().await;
        let _server = stand.serve_routes(&ALL, Arc::clone(&log)).await?;
        return settle(&stand, load, &log, AFTER_A_CUT, true).await;
    };
    let (stand, mut broker) = Stand::with_broker(&candidate, kind)?;
    broker.restart().await?;
    let _server = stand.serve_routes(&ALL, Arc::clone(&log)).await?;
    let load = Load::start(&stand.client());
    load.until_acked(ENOUGH).await;
    broker.kill();
    broker.restart().await?;
    let kept = candidate.features().kept;
    settle(&stand, load, &log, AFTER_A_RESTART, kept).await
}

/// The broker stands still for 5 s under load.
pub(super) async fn paused(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let Some(kind) = candidate.broker() else {
        return Ok(Row::default());
    };
    let log = Arc::default();
    let (stand, mut broker) = Stand::with_broker(&candidate, kind)?;
    broker.restart().await?;
    let _server = stand.serve_routes(&ALL, Arc::clone(&log)).await?;
    let load = Load::start(&stand.client());
    load.until_acked(ENOUGH).await;
    broker.pause()?;
    // The length of the fault; nothing is waited for.
    sleep(Duration::from_secs(5)).await;
    broker.resume()?;
    settle(&stand, load, &log, AFTER_A_RESTART, true).await
}

/// Every connection is cut every 500 ms for 15 s under load.
pub(super) async fn cut(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    let log = Arc::default();
    let (stand, proxy, _broker) = Stand::with_proxy(&candidate).await?;
    let _server = stand.serve_routes(&ALL, Arc::clone(&log)).await?;
    let load = Load::start(&stand.client());
    load.until_acked(ENOUGH).await;
    let mut ticks = interval(Duration::from_millis(500));
    for round in 0..30 {
        ticks.tick().await;
        match round % 3 {
            0 => proxy.cut(),
            1 => proxy.reset(),
            _ => proxy.halve(),
        }
    }
    settle(&stand, load, &log, AFTER_A_CUT, true).await
}

/// Messages pass again, and what was acknowledged came as often as the transport declares;
/// unless the broker has not `kept` it.
async fn settle(
    stand: &Stand,
    load: Load,
    log: &Log,
    limit: Duration,
    kept: bool,
) -> Result<Row, Failure> {
    let mut row = Row::default();
    row.recovered_in(recovered(load.client(), Instant::now(), limit).await?);
    load.until_acked(ENOUGH).await;
    let sent = load.stop().await;
    if kept && stand.candidate.features().delivery == Delivery::AtLeastOnce {
        // What is lost is counted below.
        let _ = tokio::time::timeout(Duration::from_secs(10), log.until_seen(&sent.emitted)).await;
    }
    let acked = [&sent.answered[..], &sent.emitted[..]].concat();
    row.attempted = sent.attempted;
    row.count(&acked, &log.seen());
    row.unexpected = sent.unexpected.len();
    row.p99(sent.latencies);
    Failure::unless(row.unexpected == 0, || {
        format!("{:?}", &sent.unexpected[..row.unexpected.min(5)])
    })?;
    as_declared(stand, &row, kept)?;
    Ok(row)
}

/// What a fault may cause and what not.
fn as_declared(stand: &Stand, row: &Row, kept: bool) -> Result<(), Failure> {
    let (wrong, declared) = match stand.candidate.features().delivery {
        Delivery::AtMostOnce => (row.duplicated, "at most once"),
        Delivery::AtLeastOnce if kept => (row.lost, "at least once"),
        Delivery::AtLeastOnce => return Ok(()),
    };
    Failure::unless(wrong == 0, || format!("declared is {declared}: {row:?}"))
}

/// After a connection was lost every subscription is there again, on both sides.
pub(super) async fn subscriptions(candidate: Arc<dyn Candidate>) -> Result<Row, Failure> {
    const ROUTES: u64 = 50;
    const ROUNDS: u64 = 3;
    let log: Arc<Log> = Arc::default();
    let (stand, proxy, _broker): (Stand, Proxy, Option<Broker>) =
        Stand::with_proxy(&candidate).await?;
    let mut routes = vec![("echo".to_owned(), "echo")];
    for number in 0..ROUTES {
        routes.push((format!("id{number}"), "id"));
        routes.push((format!("event{number}"), "event"));
    }
    let _server = stand.serve_routes(&routes, Arc::clone(&log)).await?;
    let client = stand.client();
    let mut row = Row::default();
    let mut sent = Vec::new();
    for round in 0..ROUNDS {
        for number in 0..ROUTES {
            let id = 2 * (round * ROUTES + number);
            client.number(&format!("id{number}"), id).await?;
            client.event(&format!("event{number}"), id + 1).await?;
            sent.extend([id, id + 1]);
        }
        log.until_seen(&sent).await;
        if round + 1 < ROUNDS {
            let before = proxy.opened();
            proxy.cut();
            let took = recovered(&client, Instant::now(), AFTER_A_CUT).await?;
            row.recovered_in(took);
            Failure::unless(proxy.opened() > before, || "nothing was cut".to_owned())?;
        }
    }
    row.attempted = sent.len();
    row.count(&sent, &log.seen());
    // All was seen; what was on its way when a connection was cut may have come again.
    as_declared(&stand, &row, true)?;
    Ok(row)
}

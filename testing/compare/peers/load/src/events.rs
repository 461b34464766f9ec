use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::{Caller, Failure, Note, Outcome};

/// Senders at a time.
const SENDERS: u64 = 64;
/// How many may be on their way; a transport that may lose some when more are is not to.
const UNDER_WAY: u64 = 4_096;
/// What has not come by then is lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// What counts are those that came; the time ends with the last of them.
pub(crate) async fn run<C: Caller>(caller: &Arc<C>, bytes: usize, seconds: f64) -> Outcome {
    let before = match caller.seen().await {
        Ok(seen) => seen,
        Err(failure) => return failed(failure),
    };
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    let mut all = Outcome::default();
    // How many of them count as sent or as lost.
    let sent = Arc::new(AtomicU64::new(0));
    let mut came = 0;
    let mut last = Instant::now();
    while Instant::now() < end && all.failed == 0 {
        let mut tasks = JoinSet::new();
        for _ in 0..SENDERS {
            let (caller, sent) = (caller.clone(), sent.clone());
            tasks.spawn(async move {
                let mut outcome = Outcome::default();
                let mut note = Note::of(bytes);
                for _ in 0..UNDER_WAY / 2 / SENDERS {
                    note.id += 1;
                    match caller.emit(&note).await {
                        Ok(()) => sent.fetch_add(1, Ordering::Relaxed),
                        Err(failure) => {
                            outcome.fails(failure);
                            break;
                        }
                    };
                    if Instant::now() > end {
                        break;
                    }
                }
                outcome
            });
        }
        all.add(Outcome::of_all(tasks).await);
        let enough = sent.load(Ordering::Relaxed).saturating_sub(UNDER_WAY / 2);
        (came, last) = wait_for(&**caller, before, enough, came).await;
    }
    let sent = sent.load(Ordering::Relaxed);
    if came < sent {
        (came, last) = wait_for(&**caller, before, sent, came).await;
    }
    all.done = came;
    all.seconds = (last - start).as_secs_f64();
    if came < sent {
        all.failed += sent - came;
        let lost = Failure::new(format!("{} of {sent} events never came", sent - came));
        all.error.get_or_insert(lost);
    }
    all
}

/// Asks until so many have come or no more do; how many, and when that was.
async fn wait_for<C: Caller>(
    caller: &C,
    before: u64,
    enough: u64,
    mut came: u64,
) -> (u64, Instant) {
    let mut progress = Instant::now();
    loop {
        if let Ok(seen) = caller.seen().await
            && seen - before > came
        {
            came = seen - before;
            progress = Instant::now();
        }
        if came >= enough || progress.elapsed() > PATIENCE {
            return (came, progress);
        }
        sleep(Duration::from_millis(1)).await;
    }
}

fn failed(failure: Failure) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.fails(failure);
    outcome
}

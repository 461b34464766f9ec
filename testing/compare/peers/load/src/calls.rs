use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{Caller, Failure, Note, Outcome};

pub(crate) async fn until<C: Caller>(
    caller: &Arc<C>,
    bytes: usize,
    at_once: usize,
    seconds: f64,
) -> Outcome {
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds);
    let mut tasks = JoinSet::new();
    for _ in 0..at_once {
        let caller = caller.clone();
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            let mut note = Note::of(bytes);
            let mut before = Instant::now();
            while before < end {
                note.id += 1;
                let result = once(&*caller, &note).await;
                let mut after = Instant::now();
                match result {
                    Ok(()) => outcome.took(after - before),
                    Err(failure) => {
                        outcome.fails(failure);
                        // What fails at once would fail for as long as it is tried.
                        tokio::time::sleep(Duration::from_millis(1)).await;
                        after = Instant::now();
                    }
                }
                before = after;
            }
            outcome
        });
    }
    Outcome::of_all(tasks).await.since(start)
}

/// What these take is not kept: it is the memory of everything else that is looked at.
pub(crate) async fn times<C: Caller>(caller: &Arc<C>, bytes: usize, times: u64) -> Outcome {
    let begun = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (caller, begun) = (caller.clone(), begun.clone());
        tasks.spawn(async move {
            let mut outcome = Outcome::default();
            let mut note = Note::of(bytes);
            while begun.fetch_add(1, Ordering::Relaxed) < times {
                note.id += 1;
                match once(&*caller, &note).await {
                    Ok(()) => outcome.done += 1,
                    Err(failure) => outcome.fails(failure),
                }
            }
            outcome
        });
    }
    Outcome::of_all(tasks).await.since(start)
}

pub(crate) async fn once<C: Caller>(caller: &C, note: &Note) -> Result<(), Failure> {
    note.holds(&caller.call(note).await?)
}

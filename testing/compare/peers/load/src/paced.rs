use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::{Caller, Note, Outcome, calls};

const BURST: f64 = 1e-3;

/// A call's time counts from when it was due, so that one that was sent late because others were slow has waited too.
pub(crate) async fn run<C: Caller>(
    caller: &Arc<C>,
    bytes: usize,
    rate: f64,
    seconds: f64,
) -> Outcome {
    let start = Instant::now();
    let every = BURST.max(1.0 / rate);
    let burst = (rate * every).round() as u64;
    let bursts = (seconds / every) as u32;
    let (runtime, caller) = (Handle::current(), caller.clone());
    // Timers of the runtime would be a millisecond late.
    let clock = thread::spawn(move || {
        let mut tasks = JoinSet::new();
        for number in 0..bursts {
            let due = start + Duration::from_secs_f64(every * f64::from(number));
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for _ in 0..burst {
                let caller = caller.clone();
                let mut note = Note::of(bytes);
                note.id = u64::from(number);
                tasks.spawn_on(
                    async move {
                        let mut outcome = Outcome::default();
                        match calls::once(&*caller, &note).await {
                            Ok(()) => outcome.took(due.elapsed()),
                            Err(failure) => outcome.fails(failure),
                        }
                        outcome
                    },
                    &runtime,
                );
            }
        }
        tasks
    });
    let waiting = tokio::task::spawn_blocking(move || clock.join());
    match waiting.await {
        Ok(Ok(tasks)) => Outcome::of_all(tasks).await.since(start),
        _ => Outcome::default(),
    }
}

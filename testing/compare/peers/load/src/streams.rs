use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::{Caller, Failure, Outcome};

/// What counts are the numbers that came.
pub(crate) async fn run<C: Caller>(
    caller: &Arc<C>,
    numbers: u64,
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
            while Instant::now() < end {
                match caller.stream(numbers).await {
                    Ok(came) if came == numbers => outcome.done += came,
                    Ok(came) => {
                        outcome.fails(Failure::new(format!("{came} of {numbers} came")));
                        break;
                    }
                    Err(failure) => {
                        outcome.fails(failure);
                        break;
                    }
                }
            }
            outcome
        });
    }
    Outcome::of_all(tasks).await.since(start)
}

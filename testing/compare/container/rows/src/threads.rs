//! The same work on two threads.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

/// How long it takes until both have run so often. Starting the threads is not counted.
pub(crate) fn both<T>(
    rounds: u64,
    first: &(impl Fn() -> T + Sync),
    second: &(impl Fn() -> T + Sync),
) -> Duration {
    let barrier = Barrier::new(2);
    let ((one_start, one_end), (other_start, other_end)) = thread::scope(|scope| {
        let other = scope.spawn(|| run(&barrier, rounds, second));
        let one = run(&barrier, rounds, first);
        match other.join() {
            Ok(other) => (one, other),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    one_end.max(other_end) - one_start.min(other_start)
}

fn run<T>(barrier: &Barrier, rounds: u64, work: &impl Fn() -> T) -> (Instant, Instant) {
    barrier.wait();
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(work());
    }
    (start, Instant::now())
}

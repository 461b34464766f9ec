//! [`Backoff`]: how long to wait before a connection is tried for again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(20);
const LAST: Duration = Duration::from_secs(2);

/// The pauses between attempts: 20 ms at first, twice as long each time, 2 s at
/// most, each up to a half shorter by chance, so that clients that lost one
/// broker together do not come back together.
///
/// ```
/// use nestrs_core::backoff::Backoff;
/// use std::time::Duration;
///
/// let mut backoff = Backoff::default();
/// assert!(backoff.next_delay() <= Duration::from_millis(20));
/// assert!(backoff.next_delay() >= Duration::from_millis(20));
/// backoff.reset();
/// assert!(backoff.next_delay() <= Duration::from_millis(20));
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// How long to wait now, after one more failed attempt.
    pub fn next_delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = (delay * 2).min(LAST);
        delay.mul_f64(1.0 - chance() / 2.0)
    }

    /// Waits for the next delay.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time; the delay counts as waited for.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_delay()).await;
    }

    /// Starts again with the shortest delay: an attempt succeeded.
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}

/// A number from 0 to 1. The keys of a fresh hasher are the chance that the
/// standard library has.
fn chance() -> f64 {
    let random = RandomState::new().hash_one(0_u8);
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_the_longest_and_stay_there() {
        let mut backoff = Backoff::default();
        let mut longest = FIRST;
        for _ in 0..20 {
            let delay = backoff.next_delay();
            assert!(delay <= longest && delay >= longest / 2, "{delay:?}");
            longest = (longest * 2).min(LAST);
        }
        assert_eq!(longest, LAST);
    }

    #[test]
    fn two_that_failed_together_wait_for_different_times() {
        let delays: Vec<_> = (0..8).map(|_| Backoff::default().next_delay()).collect();
        assert!(delays.iter().any(|delay| *delay != delays[0]), "{delays:?}");
    }
}

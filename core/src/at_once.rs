//! [`AtOnce`]: whether work is begun where its message was taken in, or in a task
//! of its own.
//!
//! Most work waits for nothing and is done in a few microseconds. A task for it costs
//! more than that, another thread is woken for it, and its answer leaves alone. What
//! computes for long is another thing: while it is worked on, nothing else is taken in,
//! and other processors have nothing to do. Which of the two a message's work is,
//! nobody says, so what it took tells of the next.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// From here on work is long: about as much as others cost in all.
const LONG: Duration = Duration::from_micros(10);
/// For each of these that it took, one message more gets a task.
const SHARE: Duration = Duration::from_micros(100);
/// How often that is doubled at most, by what is long time and again.
const MOST_STRIKES: u32 = 12;
/// How many messages get a task in a row at most: some work may have become short.
const MOST_APART: u32 = 1 << 16;

/// What is known of the work there was. It is a guess, so it is no matter if two
/// threads count as one.
#[derive(Debug, Default)]
pub(crate) struct AtOnce {
    /// How many more messages get a task.
    apart: AtomicU32,
    /// How much of what was begun at once was long, without anything short between.
    strikes: AtomicU32,
}

impl AtOnce {
    /// Whether the next work is begun at once.
    pub(crate) fn is_next(&self) -> bool {
        let apart = self.apart.load(Ordering::Relaxed);
        if apart > 0 {
            self.apart.store(apart - 1, Ordering::Relaxed);
        }
        apart == 0
    }

    /// What was begun at once took so long until it was done, or waited.
    pub(crate) fn took(&self, time: Duration) {
        let before = self.strikes.load(Ordering::Relaxed);
        if time < LONG {
            if before > 0 {
                self.strikes.store(0, Ordering::Relaxed);
            }
            return;
        }
        let strikes = (before + 1).min(MOST_STRIKES);
        self.strikes.store(strikes, Ordering::Relaxed);
        let shares = 1 + time.as_micros() / SHARE.as_micros();
        let apart = u32::try_from(shares << strikes).unwrap_or(MOST_APART);
        self.apart.store(apart.min(MOST_APART), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the next get a task.
    fn apart(at_once: &AtOnce) -> usize {
        (0..).take_while(|_| !at_once.is_next()).count()
    }

    #[test]
    fn what_is_short_is_begun_at_once() {
        let at_once = AtOnce::default();
        for _ in 0..10 {
            assert!(at_once.is_next());
            at_once.took(LONG / 2);
        }
    }

    #[test]
    fn the_longer_and_the_oftener_the_more_get_tasks() {
        let at_once = AtOnce::default();
        at_once.took(LONG);
        assert_eq!(apart(&at_once), 2);
        at_once.took(LONG);
        assert_eq!(apart(&at_once), 4);
        // It was an exception.
        at_once.took(LONG / 2);
        at_once.took(LONG);
        assert_eq!(apart(&at_once), 2);
        at_once.took(SHARE * 9);
        assert_eq!(apart(&at_once), 40);
        for time in [Duration::from_secs(1), Duration::MAX] {
            at_once.took(time);
            assert_eq!(apart(&at_once), MOST_APART as usize);
        }
    }
}

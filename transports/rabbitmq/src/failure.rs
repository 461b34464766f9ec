//! [`RabbitMqFailurePolicy`]: what becomes of an event whose handler failed.

use std::time::Duration;

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// What becomes of an event one of whose handlers failed, where messages are
/// acknowledged (`no_ack` is false). A request that failed was answered so, and
/// is done with.
///
/// All handlers of the event run again, those that did not fail too.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_rabbitmq::{RabbitMqFailurePolicy, RabbitMqMicroserviceOptions};
///
/// let options = RabbitMqMicroserviceOptions {
///     on_failure: RabbitMqFailurePolicy::Retry { attempts: 3, backoff: Duration::from_millis(100) },
///     ..RabbitMqMicroserviceOptions::default()
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RabbitMqFailurePolicy {
    /// It is acknowledged all the same, as NestJS does by default: the log is
    /// all that tells.
    Ack,
    /// It goes back to its queue, to be delivered again at once, to whichever
    /// instance is free. One that was delivered again already waits a second
    /// before it goes back, so that it does not keep everybody busy.
    Requeue,
    /// It is rejected: it goes to the queue's dead-letter exchange, and is gone
    /// if there is none.
    #[default]
    DeadLetter,
    /// It is handled again here, after a pause that doubles each time, ten
    /// minutes at most; after the last attempt it is rejected. It keeps its
    /// place among the messages in hand meanwhile. A server that is stopped
    /// does not wait: the event goes back to its queue.
    Retry {
        /// How often it is handled in all.
        attempts: u32,
        /// How long the first pause is.
        backoff: Duration,
    },
}

impl RabbitMqFailurePolicy {
    /// How long to wait before the next attempt, if there is one.
    pub(crate) fn pause(self, attempts_made: u32) -> Option<Duration> {
        let Self::Retry { attempts, backoff } = self else {
            return None;
        };
        let doubled = 2_u32.saturating_pow(attempts_made.saturating_sub(1));
        let pause = backoff.saturating_mul(doubled).min(LONGEST);
        (attempts_made < attempts).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_last_attempt() {
        let backoff = Duration::from_millis(10);
        let retry = RabbitMqFailurePolicy::Retry {
            attempts: 4,
            backoff,
        };
        let pauses: Vec<_> = (1..=4).map(|made| retry.pause(made)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(pauses, [millis(10), millis(20), millis(40), None]);
        let endless = RabbitMqFailurePolicy::Retry {
            attempts: u32::MAX,
            backoff,
        };
        assert_eq!(endless.pause(100), Some(LONGEST));
        assert_eq!(RabbitMqFailurePolicy::DeadLetter.pause(1), None);
    }
}

//! [`KafkaFailurePolicy`]: what becomes of an event whose handler failed.

use std::time::Duration;

use crate::wire::illegal;

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// What becomes of an event one of whose handlers failed. A request that failed
/// was answered so, and is done with.
///
/// All handlers of the event run again, those that did not fail too. Its
/// partition waits meanwhile, if it is handled in order; others do not.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_kafka::{KafkaFailurePolicy, KafkaMicroserviceOptions};
///
/// let options = KafkaMicroserviceOptions::default().on_failure(KafkaFailurePolicy {
///     attempts: 5,
///     dead_letters: Some("orders.dead".to_owned()),
///     ..KafkaFailurePolicy::default()
/// });
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaFailurePolicy {
    /// How often it is handled in all; 3 times unless told otherwise, 1 at
    /// least. An event that is not what its handler takes is not handled again.
    pub attempts: u32,
    /// How long the first pause is, 100 ms unless told otherwise; each is twice
    /// as long as the one before it, a minute at most.
    pub backoff: Duration,
    /// The topic it goes to after the last attempt: what it was, with headers
    /// that say why, where from and how often (see [`dead`](crate::dead)).
    /// Without one the log is all that tells of it. `{topic}` stands for the
    /// event's own topic; `{topic}.dead` unless told otherwise.
    pub dead_letters: Option<String>,
}

impl Default for KafkaFailurePolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            backoff: Duration::from_millis(100),
            dead_letters: Some("{topic}.dead".to_owned()),
        }
    }
}

impl KafkaFailurePolicy {
    /// Handles each event once; the log is all that tells of those that failed.
    pub fn skip() -> Self {
        Self {
            attempts: 1,
            dead_letters: None,
            ..Self::default()
        }
    }

    /// How long to wait before the next attempt, if there is one.
    pub(crate) fn pause(&self, attempts_made: u32) -> Option<Duration> {
        let doubled = 2_u32.saturating_pow(attempts_made.saturating_sub(1));
        let pause = self.backoff.saturating_mul(doubled).min(LONGEST);
        (attempts_made < self.attempts).then_some(pause)
    }

    /// Why events of that topic could not go there, if they could not.
    pub(crate) fn error(&self, topic: &str) -> Option<String> {
        let dead = self.dead_letters_of(topic)?;
        let why = illegal(&dead)?;
        Some(format!(
            "`dead_letters` of `KafkaFailurePolicy`: {dead:?} can be no topic of Kafka: {why}"
        ))
    }

    /// Where events of that topic go after the last attempt.
    pub(crate) fn dead_letters_of(&self, topic: &str) -> Option<String> {
        let dead = self.dead_letters.as_ref()?;
        Some(dead.replace("{topic}", topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end() {
        let policy = KafkaFailurePolicy {
            attempts: 4,
            backoff: Duration::from_secs(20),
            ..KafkaFailurePolicy::default()
        };
        let pauses: Vec<_> = (1..=4).map(|made| policy.pause(made)).collect();
        let seconds = |pause: &Option<Duration>| pause.map(|pause| pause.as_secs());
        let pauses: Vec<_> = pauses.iter().map(seconds).collect();
        assert_eq!(pauses, [Some(20), Some(40), Some(60), None]);
        assert_eq!(KafkaFailurePolicy::skip().pause(1), None);
    }

    #[test]
    fn where_no_dead_letter_could_go_is_named() {
        let dead_letters = Some("the dead of {topic}".to_owned());
        let policy = KafkaFailurePolicy {
            dead_letters,
            ..KafkaFailurePolicy::default()
        };
        let error = policy.error("orders").unwrap();
        assert!(error.contains("\"the dead of orders\""), "{error}");
        assert!(error.contains("`dead_letters`"), "{error}");
    }

    #[test]
    fn dead_letters_are_kept_apart_by_topic_or_together() {
        let policy = KafkaFailurePolicy::default();
        assert_eq!(policy.dead_letters_of("orders").unwrap(), "orders.dead");
        let dead_letters = Some("dead".to_owned());
        let policy = KafkaFailurePolicy {
            dead_letters,
            ..policy
        };
        assert_eq!(policy.dead_letters_of("orders").unwrap(), "dead");
        assert_eq!(policy.error("orders"), None);
    }
}

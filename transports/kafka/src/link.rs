//! What librdkafka says of its connections, in our words: it makes and keeps
//! them by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nestrs_core::ClientStatus;
use nestrs_core::status::StatusSource;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientContext, Statistics};
use tokio::sync::Notify;

use crate::reason::{in_our_words, what_happened};

/// What hears from the driver: the connections of one server or client, however
/// many there are. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Link(Arc<State>);

#[derive(Default)]
struct State {
    status: StatusSource,
    brokers: String,
    what: Mutex<What>,
    went_down: Notify,
}

#[derive(Default)]
struct What {
    now: Now,
    /// What was wrong the last time.
    last: Option<String>,
    /// That no attempt will do better.
    refused: Option<String>,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Now {
    #[default]
    Never,
    Up,
    Down,
}

impl Link {
    pub(crate) fn new(brokers: String) -> Self {
        Self(Arc::new(State {
            brokers,
            ..State::default()
        }))
    }

    pub(crate) fn status(&self) -> &StatusSource {
        &self.0.status
    }

    pub(crate) fn brokers(&self) -> &str {
        &self.0.brokers
    }

    /// A broker answered.
    pub(crate) fn is_up(&self) {
        let mut what = self.what();
        let before = std::mem::replace(&mut what.now, Now::Up);
        self.0.status.set(ClientStatus::Connected);
        if before == Now::Down {
            tracing::info!(brokers = self.0.brokers, "connected to Kafka again");
        }
    }

    /// Whether the brokers were there and are not.
    pub(crate) fn is_down(&self) -> bool {
        self.what().now == Now::Down
    }

    /// Waits until they are not there any more.
    pub(crate) async fn down(&self) {
        while !self.is_down() {
            self.0.went_down.notified().await;
        }
    }

    pub(crate) fn is_closed(&self) {
        self.what().now = Now::Never;
        self.0.status.set(ClientStatus::Disconnected);
    }

    /// Why there is no connection, as far as it is known.
    pub(crate) fn why(&self) -> String {
        let last = self.what().last.as_deref().map(in_our_words);
        last.unwrap_or_else(|| "no answer".to_owned())
    }

    /// Why there will be none.
    pub(crate) fn refused(&self) -> Option<String> {
        self.what().refused.clone()
    }

    fn what(&self) -> MutexGuard<'_, What> {
        // No code that can panic runs under the lock.
        self.0.what.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, code: RDKafkaErrorCode, reason: &str) {
        let mut what = self.what();
        match code {
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL if what.now == Now::Never => {
                what.refused = Some(in_our_words(reason));
            }
            RDKafkaErrorCode::AllBrokersDown => {
                if what.now == Now::Up {
                    what.now = Now::Down;
                    self.0.status.set(ClientStatus::Reconnecting);
                    self.0.went_down.notify_one();
                    let brokers = &self.0.brokers;
                    let why = what.last.as_deref().map(what_happened);
                    tracing::warn!(brokers, why, "connection to Kafka lost");
                }
                return;
            }
            _ => {}
        }
        what.last = Some(reason.to_owned());
    }
}

impl ClientContext for Link {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        // That a broker closed a connection is told here alone.
        if facility == "FAIL" {
            let (_thread, reason) = message.split_once("]: ").unwrap_or(("", message));
            self.what().last = Some(reason.to_owned());
        }
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
                tracing::error!(facility, "librdkafka: {message}");
            }
            // It has every attempt to connect for an error.
            _ => tracing::debug!(facility, "librdkafka: {message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "librdkafka: {reason}");
        if let Some(code) = error.rdkafka_error_code() {
            self.failed(code, reason);
        }
    }

    fn stats(&self, _: Statistics) {}
}

//! [`SentMessage`]: what a mock was sent, and assertions about it.

use std::fmt;
use std::time::Duration;

use nestrs::core::{MessageKind, Outgoing};
use nestrs::microservices::Headers;
use serde::Serialize;
use serde_json::Value;

use super::ClientMock;

/// A message that a mock was sent. Displayed as `send billing.charge {"item":"book"}`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SentMessage {
    /// Whether an answer was waited for.
    pub kind: MessageKind,
    /// As a route.
    pub pattern: String,
    /// What was sent.
    pub payload: Value,
    /// What was sent beside it.
    pub headers: Headers,
    /// How long the sender would have waited, where it said so.
    pub timeout: Option<Duration>,
}

impl SentMessage {
    pub(super) fn new(kind: MessageKind, message: &Outgoing<'_>) -> Self {
        Self {
            kind,
            pattern: message.pattern.to_owned(),
            payload: serde_json::from_slice(&message.payload).unwrap_or_default(),
            headers: message.headers.clone(),
            timeout: message.timeout,
        }
    }
}

impl fmt::Display for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pattern, payload, ..
        } = self;
        write!(f, "{} {pattern} {payload}", verb(self.kind))
    }
}

fn verb(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Request => "send",
        MessageKind::Event => "emit",
    }
}

impl<C> ClientMock<C> {
    /// That a request was sent, with this payload.
    ///
    /// # Panics
    ///
    /// When it was not; the message shows what was sent.
    #[track_caller]
    pub fn assert_sent(&self, pattern: &str, payload: impl Serialize) {
        self.assert_was(MessageKind::Request, pattern, &payload);
    }

    /// That an event was sent, with this payload.
    ///
    /// # Panics
    ///
    /// When it was not; the message shows what was sent.
    #[track_caller]
    pub fn assert_emitted(&self, pattern: &str, payload: impl Serialize) {
        self.assert_was(MessageKind::Event, pattern, &payload);
    }

    /// That neither a request nor an event of this pattern was sent.
    ///
    /// # Panics
    ///
    /// When one was; the message shows what was sent.
    #[track_caller]
    pub fn assert_not_sent(&self, pattern: &str) {
        let sent = self.messages();
        if sent.iter().any(|message| message.pattern == pattern) {
            panic!("{} was sent `{pattern}`\n{}", self.mock, Transcript(&sent));
        }
    }

    #[track_caller]
    fn assert_was(&self, kind: MessageKind, pattern: &str, payload: &impl Serialize) {
        let payload = match serde_json::to_value(payload) {
            Ok(payload) => payload,
            Err(error) => panic!("the expected payload is no JSON: {error}"),
        };
        let sent = self.messages();
        let is_it = |message: &SentMessage| {
            message.kind == kind && message.pattern == pattern && message.payload == payload
        };
        if !sent.iter().any(is_it) {
            panic!(
                "{} was not sent this:\n  {} {pattern} {payload}\n{}",
                self.mock,
                verb(kind),
                Transcript(&sent)
            );
        }
    }
}

/// What was sent, for the one whose assertion fails.
struct Transcript<'a>(&'a [SentMessage]);

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("it was sent nothing");
        }
        f.write_str("it was sent:")?;
        self.0
            .iter()
            .try_for_each(|message| write!(f, "\n  {message}"))
    }
}

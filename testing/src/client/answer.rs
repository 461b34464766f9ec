//! What a mock answers, as it is given.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nestrs::microservices::TransportError;

/// By pattern, in the order they are given.
#[derive(Default)]
pub(super) struct Answers(BTreeMap<String, VecDeque<Answer>>);

#[derive(Clone)]
pub(super) struct Answer {
    pub(super) after: Duration,
    pub(super) what: What,
}

#[derive(Clone)]
pub(super) enum What {
    One(Arc<Reply>),
    Many(Vec<Bytes>),
    Never,
}

/// Made of the payload.
pub(super) type Reply = dyn Fn(&[u8]) -> Result<Bytes, TransportError> + Send + Sync;

impl Answers {
    pub(super) fn add(&mut self, pattern: String, answer: Answer) {
        self.0.entry(pattern).or_default().push_back(answer);
    }

    /// The next answer; the last one stays.
    pub(super) fn next(&mut self, pattern: &str) -> Option<Answer> {
        let answers = self.0.get_mut(pattern)?;
        match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        }
    }

    pub(super) fn patterns(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }
}

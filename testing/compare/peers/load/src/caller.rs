use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};

/// What is sent to and fro.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Note {
    pub id: u64,
    pub text: String,
}

impl Note {
    /// One that is `bytes` long as JSON, give or take the digits of its id.
    pub fn of(bytes: usize) -> Self {
        const WORDS: &str = "what one service has to say to another; ";
        let text = WORDS.chars().cycle();
        let text = text.take(bytes.saturating_sub(r#"{"id":1234,"text":""}"#.len()));
        Self {
            id: 0,
            text: text.collect(),
        }
    }

    /// Whether a reply is the one to this.
    pub fn holds(&self, reply: &Self) -> Result<(), Failure> {
        if reply.id == self.id && reply.text.len() == self.text.len() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} was answered as {}",
            self.id, reply.id
        )))
    }
}

/// How many numbers a stream is to have. Objects all of them, for NestJS makes text of bare numbers where Kafka carries them.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Ask {
    pub numbers: u64,
}

/// One of a stream, or how many events came.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Number {
    pub number: u64,
}

/// A client, connected or not yet. It is called by many tasks at once.
pub trait Caller: Send + Sync + 'static {
    fn call(&self, note: &Note) -> impl Future<Output = Result<Note, Failure>> + Send;

    /// Sends an event.
    fn emit(&self, note: &Note) -> impl Future<Output = Result<(), Failure>> + Send;

    /// How many events the server has had.
    fn seen(&self) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Asks for a stream of so many numbers, and says how many came.
    fn stream(&self, numbers: u64) -> impl Future<Output = Result<u64, Failure>> + Send {
        let _ = numbers;
        async { Err(Failure::new("it has no streams")) }
    }

    /// Ends the connection.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// What went wrong, in words.
pub struct Failure(String);

impl Failure {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text += &format!(": {error}");
            cause = error.source();
        }
        Self(text)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What `main` shows when it fails.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

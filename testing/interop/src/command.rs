use std::{future::Future, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

/// What a client is told to do.
#[derive(Clone, Debug, Serialize)]
pub struct Command {
    /// Send or emit.
    pub op: Operation,
    /// The pattern, as a NestJS user writes it: a string, a number or an object.
    pub pattern: Value,
    /// The payload; NestJS refuses to send `null`.
    pub data: Value,
    /// How long the client waits for each answer.
    #[serde(rename = "timeoutMs", serialize_with = "as_millis")]
    pub timeout: Duration,
}

/// The two things a client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Operation {
    /// A request: answers are awaited.
    Send,
    /// An event: none are.
    Emit,
}

impl Command {
    /// A request.
    pub fn send(pattern: impl Into<Value>, data: impl Into<Value>) -> Self {
        Self::new(Operation::Send, pattern.into(), data.into())
    }

    /// An event.
    pub fn emit(pattern: impl Into<Value>, data: impl Into<Value>) -> Self {
        Self::new(Operation::Emit, pattern.into(), data.into())
    }

    fn new(op: Operation, pattern: Value, data: Value) -> Self {
        // Generous, because it only ever passes in full when a test fails.
        Self {
            op,
            pattern,
            data,
            timeout: Duration::from_secs(30),
        }
    }
}

/// What a client saw of one command, unjudged.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Seen {
    /// What was answered, in order; nothing for an event.
    pub values: Vec<Value>,
    /// What the server answered as its error, or `{"instanceOf": "<class>", "message": …}`
    /// for an error that a NestJS client raised itself.
    pub error: Option<Value>,
    /// Whether the answers ended, other than by an error.
    pub completed: bool,
    /// From the command to the end of its answers, in milliseconds.
    pub ms: u64,
}

/// A client of any make.
pub trait Caller {
    /// Carries out a command and returns once its answers have ended.
    ///
    /// # Errors
    ///
    /// When the client itself cannot be talked to. What a server answers, and what a client
    /// reports, is [`Seen`].
    fn call(&self, command: &Command) -> impl Future<Output = Result<Seen, Error>> + Send;
}

fn as_millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

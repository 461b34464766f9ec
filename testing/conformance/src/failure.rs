use std::fmt;

use nestrs::core::{StartError, TransportError};

/// Why a case failed, for people.
#[derive(Debug)]
#[non_exhaustive]
pub enum Failure {
    /// A promise was not kept.
    Broken(String),
    /// There is no broker to try it with.
    Broker(nestrs_brokers::Error),
    /// A server did not start.
    Start(StartError),
    /// A message that had to pass did not.
    Transport(TransportError),
}

impl Failure {
    /// `Err` of a sentence unless `holds`.
    pub(crate) fn unless(holds: bool, what: impl FnOnce() -> String) -> Result<(), Self> {
        if holds {
            Ok(())
        } else {
            Err(Self::Broken(what()))
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => f.write_str(what),
            Self::Broker(error) => write!(f, "no broker: {error}"),
            Self::Start(error) => write!(f, "a server did not start: {error}"),
            Self::Transport(error) => {
                write!(f, "a message did not pass: {error} ({:?})", error.kind())
            }
        }
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Broken(_) => None,
            Self::Broker(error) => Some(error),
            Self::Start(error) => Some(error),
            Self::Transport(error) => Some(error),
        }
    }
}

impl From<nestrs_brokers::Error> for Failure {
    fn from(error: nestrs_brokers::Error) -> Self {
        Self::Broker(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

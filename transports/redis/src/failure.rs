//! What Redis and the way to it fail of, in our words.

use std::fmt;
use std::io;

use nestrs_core::{ErrorKind, TransportError};
use redis::{RedisError, ServerErrorKind};

/// Why there is no connection.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) why: String,
    /// Whether it will be the same the next time: who connects is turned away.
    pub(crate) is_final: bool,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // So rustls says what it thinks of a certificate, and we of an option.
        let is_final = matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        );
        Self {
            why: error.to_string(),
            is_final,
        }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        Self {
            why: words(&error),
            is_final: is_final(&error),
        }
    }
}

impl Failure {
    /// One that may be gone the next time.
    pub(crate) fn passing(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_final: false,
        }
    }

    pub(crate) fn to_error(&self, address: &impl fmt::Display) -> TransportError {
        let message = format!("cannot connect to {address}: {self}");
        TransportError::of_kind(ErrorKind::Connect, message)
    }
}

/// What Redis says of who connects does not change by asking again. What it
/// says of itself may: that it is loading, full, or no master.
fn is_final(error: &RedisError) -> bool {
    match error.kind() {
        redis::ErrorKind::AuthenticationFailed | redis::ErrorKind::InvalidClientConfig => true,
        redis::ErrorKind::Server(ServerErrorKind::NoPerm) => true,
        _ => {
            matches!(error.code(), Some("WRONGPASS" | "NOAUTH" | "NOPERM"))
                || error.to_string().contains("DB index")
        }
    }
}

/// Without the driver's own wrapping.
fn words(error: &RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (None, Some(detail)) => format!("{}: {detail}", error.category()),
        _ => error.to_string(),
    }
}

/// What a command failed of, once there was a connection.
pub(crate) fn of_command(error: &RedisError) -> TransportError {
    if error.is_connection_dropped() || error.is_io_error() || error.is_unrecoverable_error() {
        return TransportError::connection_closed();
    }
    TransportError::new(format!("Redis refuses: {}", words(error)))
}

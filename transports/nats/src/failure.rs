//! What the driver says of a message it does not send, in our own words.

use async_nats::{PublishError, PublishErrorKind};
use nestrs_core::{ErrorKind, TransportError};

pub(crate) fn not_published(pattern: &str, error: &PublishError) -> TransportError {
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => {
            let source = std::error::Error::source(error).map(ToString::to_string);
            let why = source.unwrap_or_else(|| error.to_string());
            let message = format!(
                "the message for {pattern:?} is larger than the broker takes (its `max_payload`): {why}"
            );
            TransportError::of_kind(ErrorKind::PayloadTooLarge, message)
        }
        PublishErrorKind::InvalidSubject => {
            let message = format!(
                "nobody can handle {pattern:?} on NATS: a subject is neither empty nor has blanks in it"
            );
            TransportError::of_kind(ErrorKind::NoHandler, message)
        }
        PublishErrorKind::Send => TransportError::connection_closed(),
    }
}

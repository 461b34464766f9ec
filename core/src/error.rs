//! [`TransportError`]: the one error that handlers return, callers get, and
//! the wire carries. Back to the path of a message: [`crate::dispatch`].

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

/// What NestJS answers when no handler has the pattern of a request.
pub const NO_MESSAGE_HANDLER: &str =
    "There is no matching message handler defined in the remote service.";

/// What NestJS answers when a handler throws something that is no `RpcException`.
pub const INTERNAL_SERVER_ERROR: &str = "Internal server error";

/// The error of message handlers and clients.
///
/// On the wire it has the shapes NestJS's `RpcException` has, and no shape is
/// lost in either direction:
///
/// | Rust | wire (`err`) |
/// |---|---|
/// | `new("boom")` | `{"status":"error","message":"boom"}` |
/// | `new("boom").with_details(d)` | `{"status":"error","message":"boom","details":d}` |
/// | `details` is the error itself: it says the same `message` | `details`, verbatim |
///
/// The last row is what an error of another shape becomes when it is received,
/// and how to send one: `RpcException({ code: 42, message: "no" })` is
///
/// ```
/// use nestrs_core::TransportError;
/// use serde_json::json;
///
/// let error = TransportError::new("no").with_details(json!({ "code": 42, "message": "no" }));
/// assert_eq!(error.to_wire(), json!({ "code": 42, "message": "no" }));
/// assert_eq!(TransportError::from_wire(error.to_wire()), error);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransportError {
    /// What went wrong, for people.
    pub message: String,
    /// More of it, for programs. See the table above for its place on the wire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}

/// What kind of failure a [`TransportError`] is, see [`TransportError::kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A handler, here or at the peer, returned it.
    Application,
    /// No reply came within the time the caller gave. The handler may have run.
    Timeout,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// The connection ended before the reply came. The handler may have run.
    ConnectionClosed,
    /// The peer has no handler for the pattern.
    NoHandler,
    /// The payload is not what the handler or the caller expects.
    InvalidPayload,
    /// The message is larger than a limit allows. Nothing was sent.
    PayloadTooLarge,
    /// The server had no room for the message. The handler did not run.
    Unavailable,
    /// Something in a handler failed that is no concern of its callers: what
    /// they are answered is [`INTERNAL_SERVER_ERROR`], unless the application
    /// exposes it.
    Internal,
}

impl ErrorKind {
    const CODES: [(ErrorKind, &'static str); 8] = [
        (ErrorKind::Timeout, "TIMEOUT"),
        (ErrorKind::Connect, "CONNECT"),
        (ErrorKind::ConnectionClosed, "CONNECTION_CLOSED"),
        (ErrorKind::NoHandler, "NO_HANDLER"),
        (ErrorKind::InvalidPayload, "INVALID_PAYLOAD"),
        (ErrorKind::PayloadTooLarge, "PAYLOAD_TOO_LARGE"),
        (ErrorKind::Unavailable, "UNAVAILABLE"),
        (ErrorKind::Internal, "INTERNAL"),
    ];

    fn code(self) -> Option<&'static str> {
        Self::CODES
            .iter()
            .find(|(kind, _)| *kind == self)
            .map(|(_, code)| *code)
    }
}

impl TransportError {
    /// An error with a message and no details.
    ///
    /// ```
    /// # use nestrs_core::TransportError;
    /// assert_eq!(TransportError::new("no such order").to_string(), "no such order");
    /// ```
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            details: None,
        }
    }

    /// The same error with `details`.
    ///
    /// ```
    /// # use nestrs_core::TransportError;
    /// let error = TransportError::new("no such order").with_details(serde_json::json!({ "id": 7 }));
    /// assert_eq!(error.details.unwrap()["id"], 7);
    /// ```
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// An error a transport found. Its code stands in `details.code`, so that
    /// [`kind`](Self::kind) still tells it after it crossed the wire.
    ///
    /// ```
    /// # use nestrs_core::{ErrorKind, TransportError};
    /// let error = TransportError::of_kind(ErrorKind::Timeout, "no reply within 5s");
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// assert_eq!(error.details.unwrap()["code"], "TIMEOUT");
    /// ```
    pub fn of_kind(kind: ErrorKind, message: impl Into<String>) -> Self {
        let details = kind.code().map(|code| serde_json::json!({ "code": code }));
        Self {
            message: message.into(),
            details,
        }
    }

    /// That the connection ended before the reply came, in NestJS's own words.
    ///
    /// ```
    /// # use nestrs_core::{ErrorKind, TransportError};
    /// let error = TransportError::connection_closed();
    /// assert_eq!(error.message, "Connection closed");
    /// assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    /// ```
    pub fn connection_closed() -> Self {
        Self::of_kind(ErrorKind::ConnectionClosed, "Connection closed")
    }

    /// What kind of failure this is.
    ///
    /// ```
    /// # use nestrs_core::{ErrorKind, TransportError};
    /// assert_eq!(TransportError::new("boom").kind(), ErrorKind::Application);
    /// ```
    pub fn kind(&self) -> ErrorKind {
        if self.message == NO_MESSAGE_HANDLER {
            return ErrorKind::NoHandler;
        }
        let code = self
            .details
            .as_ref()
            .and_then(|d| d.get("code"))
            .and_then(Value::as_str);
        ErrorKind::CODES
            .iter()
            .find(|(_, known)| Some(*known) == code)
            .map_or(ErrorKind::Application, |(kind, _)| *kind)
    }

    /// The error as the `err` of a reply.
    ///
    /// ```
    /// # use nestrs_core::TransportError;
    /// let wire = TransportError::new("boom").to_wire();
    /// assert_eq!(wire, serde_json::json!({ "status": "error", "message": "boom" }));
    /// ```
    pub fn to_wire(&self) -> Value {
        serde_json::to_value(Wire(self)).unwrap_or(Value::Null)
    }

    /// The error a reply's `err` stands for.
    ///
    /// ```
    /// # use nestrs_core::TransportError;
    /// let error = TransportError::from_wire(serde_json::json!("bad"));
    /// assert_eq!(error.message, "bad");
    /// ```
    pub fn from_wire(err: Value) -> Self {
        let message = message_of(&err);
        if let Value::Object(object) = &err
            && object.get("status").and_then(Value::as_str) == Some("error")
            && object.get("message").is_some_and(Value::is_string)
        {
            match (object.len(), object.get("details")) {
                (2, _) => return Self::new(message),
                (3, Some(details)) if message_of(details) != message => {
                    return Self {
                        message,
                        details: Some(details.clone()),
                    };
                }
                _ => {}
            }
        }
        Self {
            message,
            details: Some(err),
        }
    }

    /// [`to_wire`](Self::to_wire) as JSON text, its members in the order in which
    /// NestJS writes them.
    ///
    /// ```
    /// # use nestrs_core::TransportError;
    /// let text = TransportError::new("boom").to_wire_json();
    /// assert_eq!(text, br#"{"status":"error","message":"boom"}"#);
    /// ```
    pub fn to_wire_json(&self) -> Vec<u8> {
        // Serialising strings and `Value`s cannot fail.
        serde_json::to_vec(&Wire(self)).unwrap_or_default()
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {}

/// What an error of any shape says.
fn message_of(err: &Value) -> String {
    match err {
        Value::String(message) => message.clone(),
        Value::Object(object) => match object.get("message") {
            Some(Value::String(message)) => message.clone(),
            _ => err.to_string(),
        },
        other => other.to_string(),
    }
}

struct Wire<'a>(&'a TransportError);

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TransportError { message, details } = self.0;
        if let Some(details) = details
            && message_of(details) == *message
        {
            return details.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", "error")?;
        map.serialize_entry("message", message)?;
        if let Some(details) = details {
            map.serialize_entry("details", details)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_a_nestjs_peer_sends_survives_the_round_trip() {
        for err in [
            json!("bad"),
            json!(5),
            json!({ "status": "error", "message": "m" }),
            json!({ "status": "error", "message": "m", "details": { "field": "a" } }),
            json!({ "status": "error", "message": "m", "details": "m" }),
            json!({ "status": "error", "message": "m", "details": { "message": "m" } }),
            json!({ "status": "error", "message": "m", "code": 3 }),
            json!({ "code": 42, "message": "obj boom" }),
            json!({ "code": 42 }),
            json!(["a", "b"]),
        ] {
            assert_eq!(TransportError::from_wire(err.clone()).to_wire(), err);
        }
    }

    #[test]
    fn our_own_errors_survive_the_round_trip() {
        for error in [
            TransportError::new("boom"),
            TransportError::new("boom").with_details(json!({ "field": "a" })),
            TransportError::new("boom").with_details(json!("boom")),
            TransportError::of_kind(ErrorKind::Timeout, "late"),
        ] {
            assert_eq!(TransportError::from_wire(error.to_wire()), error);
        }
    }
}

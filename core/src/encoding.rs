//! [`Encoding`]: payloads that are no JSON, and how they are seen as JSON.
//!
//! Back to the path of a message: [`crate::context`].

use bytes::Bytes;
use serde_json::Value;

use crate::error::TransportError;

/// How the payload of a message, and what it is answered with, are written
/// where that is not JSON: a gRPC call's are protobuf.
///
/// Handlers of such a transport read and write the bytes themselves. What runs
/// around them is asked for JSON, so this makes a view of the payload when one
/// of them looks at it, and the payload again of what one of them made of it.
///
/// ```
/// use bytes::Bytes;
/// use nestrs_core::{Encoding, TransportError};
/// use serde_json::Value;
///
/// /// Payloads are text.
/// struct Text;
///
/// impl Encoding for Text {
///     fn read(&self, payload: &[u8]) -> Result<Value, TransportError> {
///         Ok(String::from_utf8_lossy(payload).into())
///     }
///     fn write(&self, payload: &Value) -> Result<Bytes, TransportError> {
///         let text = payload.as_str().ok_or_else(|| TransportError::new("no text"))?;
///         Ok(Bytes::copy_from_slice(text.as_bytes()))
///     }
///     fn write_item(&self, item: &Value) -> Result<Bytes, TransportError> {
///         self.write(item)
///     }
/// }
///
/// assert_eq!(Text.read(b"hello").unwrap(), "hello");
/// ```
pub trait Encoding: Send + Sync + 'static {
    /// Whether the payload is there when the message is. Where it comes item by
    /// item instead, what runs around the handler sees `null`, and pipes are
    /// passed by.
    fn is_whole(&self) -> bool {
        true
    }

    /// A payload as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`](crate::ErrorKind::InvalidPayload) when it is none.
    fn read(&self, payload: &[u8]) -> Result<Value, TransportError>;

    /// The payload that JSON stands for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`](crate::ErrorKind::InvalidPayload) when it stands for none.
    fn write(&self, payload: &Value) -> Result<Bytes, TransportError>;

    /// The item of an answer that JSON stands for: what an exception filter
    /// answers is JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when it stands for none.
    fn write_item(&self, item: &Value) -> Result<Bytes, TransportError>;
}

//! Packets as NestJS writes them. Payloads stay JSON text, borrowed from the
//! bytes that arrived: nothing is turned into a [`Value`](serde_json::Value)
//! here.
//!
//! | packet | JSON |
//! |---|---|
//! | request | `{"pattern":P,"data":D,"id":I}` |
//! | event | `{"pattern":P,"data":D}` |
//! | either, with headers | `"metadata":{…}` after `data`, as NestJS 12 has it |
//! | reply | `{"response":R,"isDisposed":true,"id":I}` |
//! | error | `{"err":E,"isDisposed":true,"id":I}` |
//!
//! The next file on a message's path is [`crate::route_table`].

use bytes::Bytes;

pub(crate) mod object;
mod reply;
mod request;

pub use reply::{Reply, ReplyPacket};
pub use request::{Packet, write_event, write_request};

/// A text as a JSON string.
///
/// ```
/// use nestrs_core::packet::json_string;
///
/// assert_eq!(json_string("math.add"), "\"math.add\"");
/// assert_eq!(json_string("a\"b"), r#""a\"b""#);
/// ```
pub fn json_string(text: &str) -> Bytes {
    // Of most texts, all there is: `Bytes` keep what has no room left as it is.
    let mut json = Vec::with_capacity(text.len() + 2);
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, text);
    json.into()
}

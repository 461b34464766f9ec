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

mod json;
pub(crate) mod object;
mod reply;
mod request;

pub use json::{json_string, to_json};
pub use reply::{Reply, ReplyPacket};
pub use request::{Packet, write_event, write_request};

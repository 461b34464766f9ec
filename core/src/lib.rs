//! What a transport of nestrs is made of, and nothing more: no dependency
//! injection, no broker, no HTTP. A transport in another crate depends on
//! this one alone.
//!
//! # Layout
//!
//! In the order a message meets it:
//!
//! | module | holds |
//! |---|---|
//! | [`server`] | [`TransportServer`]: what listens, and what it says once it does |
//! | [`framing`] | NestJS's TCP framing, without I/O |
//! | [`packet`] | requests, events and replies as NestJS writes them |
//! | [`pattern`] | a pattern of any shape and the one route it stands for |
//! | [`route_table`] | from a packet's pattern to what answers it |
//! | [`wildcard`] | what routes may leave open |
//! | [`intake`] | how many messages may be in hand, and how they are finished |
//! | [`dispatch`] | [`Dispatch`]: what a server calls with each message |
//! | [`context`], [`headers`], [`cancellation`] | what is known of a message beside its payload |
//! | [`encoding`] | payloads that are no JSON |
//! | [`extras`] | what nestrs peers tell each other where NestJS peers do not look |
//! | [`answer`] | what goes back for a message |
//! | [`replies`] | an answer as the packets that carry it |
//! | [`client`] | [`Transport`]: the calling side |
//! | [`status`] | what a client's connection is doing |
//! | [`in_flight`] | replies that are still awaited |
//! | [`request_id`] | what requests are called by where clients share a reply channel |
//! | [`error`] | [`TransportError`], the error that crosses the wire |
//! | [`backoff`] | how long to wait before connecting again |
//! | [`pace`] | letting others have their turn first while there is much to do |
//! | [`shared_connection`] | one connection for all calls, made again after it broke |
//! | [`shutdown`] | stop, drain, abort |
//! | `tls` (feature `tls`) | what a TLS client trusts and shows |
//!
//! The next file on a message's path is [`server`].
//!
//! # A transport of your own
//!
//! Implement [`Transport`] to send and [`TransportServer`] to serve. The
//! smallest client answers from memory:
//!
//! ```
//! use nestrs_core::{Transport, TransportError, async_trait};
//! use serde_json::{Value, json};
//!
//! struct Loopback;
//!
//! #[async_trait]
//! impl Transport for Loopback {
//!     async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
//!         Ok(json!({ "pattern": pattern, "echo": payload }))
//!     }
//!     async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
//!         Ok(())
//!     }
//! }
//! ```

pub mod answer;
mod at_once;
pub mod backoff;
pub mod cancellation;
pub mod client;
pub mod context;
pub mod dispatch;
pub mod encoding;
pub mod error;
pub mod extras;
pub mod framing;
pub mod headers;
pub mod in_flight;
mod in_hand;
pub mod intake;
pub mod pace;
pub mod packet;
pub mod pattern;
pub mod replies;
pub mod request_id;
pub mod route_table;
pub mod server;
pub mod shared_connection;
pub mod shutdown;
pub mod status;
#[cfg(feature = "tls")]
pub mod tls;
pub mod wildcard;

pub use answer::Answer;
#[doc(no_inline)]
pub use async_trait::async_trait;
pub use cancellation::Cancellation;
pub use client::{Outgoing, Replies, Transport};
pub use context::MessageContext;
pub use dispatch::{Dispatch, Message, MessageKind};
pub use encoding::Encoding;
pub use error::{ErrorKind, TransportError};
pub use headers::Headers;
pub use pattern::Pattern;
pub use server::{RunningServer, StartError, TransportServer};
pub use shutdown::Shutdown;
pub use status::{ClientStatus, StatusStream};
pub use wildcard::Wildcards;

//! Redis for nestrs, on the wire of `@nestjs/microservices` 11 and 12: a NestJS
//! client calls a [`RedisMicroserviceOptions`] server, a [`RedisTransport`]
//! calls a NestJS server, and neither can tell.
//!
//! # Our concepts, in Redis
//!
//! | concept | Redis |
//! |---|---|
//! | pattern | a channel; with [`wildcards`](RedisMicroserviceOptions::wildcards) a pattern of channels |
//! | request, event | `PUBLISH <pattern> <JSON>`, an event without `id` |
//! | reply | `PUBLISH <channel>.reply <JSON>`, which all clients of the pattern are subscribed to |
//! | which reply is whose | the packet's `id`, which has a client's name in it that no other client has |
//! | a client, a server | two connections, for commands and for subscriptions; a [`durable`] server has one more |
//! | headers | the packet's `metadata`, as NestJS 12 has them |
//! | a call that is not waited for any more | its handler is dropped, if both sides are of nestrs: by its deadline, which travels in the `metadata`, or because `PUBLISH nestrs-cancel:<pattern> <id>` says so |
//! | nobody handles a request | Redis says how many are subscribed: none fails the call at once, unless it is a cluster, whose servers do not know |
//! | scale-out | none: every server that is subscribed handles each message, and a client is warned of a second answer; [`durable`] events are shared |
//! | back-pressure | a server with [`max_in_flight`](RedisMicroserviceOptions::max_in_flight) messages in hand reads nothing; Redis keeps 32 MB for it and then hangs up (`client-output-buffer-limit`) |
//!
//! **Delivery**: at most once. What is published while a server is not connected
//! is lost to it; calls of a client that loses its connection fail with
//! [`ErrorKind::ConnectionClosed`], and none is sent twice. [`durable`] events
//! are delivered at least once.
//!
//! **Limits**: a message of 512 MB, which is that of Redis.
//!
//! # Layout
//!
//! In the order a message meets it:
//!
//! | file | holds |
//! |---|---|
//! | [`options`], `address.rs` | what is configured, and the url |
//! | [`server`] | the server: sessions, one after the other, and the drain |
//! | `broker.rs`, `socket.rs`, `sentinel.rs` | opening connections |
//! | `session.rs`, `persist.rs` | two connections that end together, and connecting again |
//! | `read_ahead.rs` | how far the driver may read ahead |
//! | `channels.rs` | what is subscribed to, and what a message on it means |
//! | `handling.rs`, `calls.rs` | from a message to its reply; calls that are given up |
//! | `pipe.rs` | commands on their way, without waiting for each other |
//! | [`durable`] | events by streams |
//! | [`client`], `link.rs` | the client, and what keeps it connected |
//! | `calling.rs`, `call.rs` | the calls of one session |
//! | `reply_channels.rs`, `answered.rs` | where replies are heard, and second ones |
//! | `failure.rs`, [`context`] | errors in our words; what a handler can know |
//!
//! The next file on a message's path is `server.rs`.
//!
//! [`ErrorKind::ConnectionClosed`]: nestrs_core::ErrorKind::ConnectionClosed

mod address;
mod answered;
mod broker;
mod calling;
mod calls;
mod channels;
pub mod client;
pub mod context;
pub mod durable;
mod failure;
mod handling;
mod link;
pub mod options;
mod persist;
mod pipe;
mod read_ahead;
mod reply_channels;
mod sentinel;
pub mod server;
mod session;
mod socket;

pub use client::RedisTransport;
pub use context::{RedisContext, RedisDelivery};
pub use options::{
    RedisAccess, RedisDurableOptions, RedisMicroserviceOptions, RedisSentinel,
    RedisTransportOptions,
};
/// The driver, in the version that [`RedisTransport`]'s connections are of.
pub use redis;

/// Where Redis is unless told otherwise.
pub const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

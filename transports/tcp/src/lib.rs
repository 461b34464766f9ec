//! TCP for nestrs, on the wire of `@nestjs/microservices` 11 and 12: a NestJS
//! client calls a [`TcpMicroserviceOptions`] server, a [`TcpTransport`] calls a
//! NestJS server, and neither can tell.
//!
//! # Our concepts, on TCP
//!
//! | concept | TCP |
//! |---|---|
//! | request, event, reply | a frame `<length>#<JSON>`, see [`nestrs_core::framing`] |
//! | which reply is whose | the packet's `id`; replies come in any order |
//! | a client | one connection for all its calls, made by the first and again by the next after it broke |
//! | headers | the packet's `metadata`, as NestJS 12 has them |
//! | a call that is not waited for any more | its handler is dropped, if both sides are of nestrs: the client says so (see `greeting.rs`), or its deadline passes. A full server hears of it too, in what it reads ahead (256 KiB of each connection) |
//! | scale-out | a load balancer in front |
//! | back-pressure | a peer that does not read is not read from; nor, but for what is read ahead, is anyone when [`max_in_flight`](TcpMicroserviceOptions::max_in_flight) messages are in hand |
//!
//! **Delivery**: at most once. The sender sees when a connection breaks:
//! calls that wait fail with [`ErrorKind::ConnectionClosed`], and an event is
//! sent once it was handed to the operating system.
//!
//! # Layout
//!
//! [`server`] takes requests out of an `inbox` and writes replies; `frames` and
//! `outbox` are its two halves of a connection, which [`client`] shares, and
//! `peer` is what it knows of who is at the other end. [`client`] makes a
//! `connection` when one is needed, and learns by a `greeting` who the server
//! is; `tls` wraps sockets.
//! The next file on a message's path is `server.rs`.
//!
//! [`ErrorKind::ConnectionClosed`]: nestrs_core::ErrorKind::ConnectionClosed

pub mod client;
mod connection;
mod frames;
mod greeting;
mod inbox;
mod outbox;
mod peer;
pub mod server;
mod socket;
#[cfg(feature = "tls")]
pub mod tls;

use std::time::Duration;

pub use client::{TcpTransport, TcpTransportOptions};
pub use connection::TcpConnection;
pub use peer::TcpContext;
pub use server::TcpMicroserviceOptions;
#[cfg(feature = "tls")]
pub use tls::{TlsClientOptions, TlsServerOptions};

/// Where a server listens and a client connects unless told otherwise.
pub const DEFAULT_ADDR: &str = "127.0.0.1:3001";

/// What a connection may cost. The same three limits NestJS has, with its
/// defaults.
///
/// ```
/// use nestrs_transport_tcp::{TcpLimits, TcpMicroserviceOptions};
///
/// let limits = TcpLimits { max_buffer_size: 1_000_000, ..TcpLimits::default() };
/// let options = TcpMicroserviceOptions { limits, ..TcpMicroserviceOptions::default() };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpLimits {
    /// The longest packet that is read, in UTF-16 code units; 134,217,728
    /// unless told otherwise. A longer one ends the connection when it is
    /// announced.
    pub max_buffer_size: usize,
    /// How long nothing may arrive in the middle of a packet; 30 s unless told
    /// otherwise, [`Duration::ZERO`] for ever.
    pub incomplete_message_timeout: Duration,
    /// How much may wait to be read by the peer, in bytes; 134,217,728 unless
    /// told otherwise, 0 for no limit. More ends the connection.
    pub max_send_buffer_size: usize,
}

impl Default for TcpLimits {
    fn default() -> Self {
        Self {
            max_buffer_size: 134_217_728,
            incomplete_message_timeout: Duration::from_secs(30),
            max_send_buffer_size: 134_217_728,
        }
    }
}

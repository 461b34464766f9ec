//! gRPC for nestrs, on `tonic`: patterns over a service of our own, and the
//! server and the channel that services of one's own share with it.
//!
//! # Our concepts, on gRPC
//!
//! | concept | gRPC |
//! |---|---|
//! | request | `nestrs.v1.Patterns/Send`, with one reply; `SendStream`, with any number of them |
//! | event | `nestrs.v1.Patterns/Emit`, answered once a server has it in hand |
//! | payload, reply | JSON, as bytes of a message of `proto/nestrs/v1/patterns.proto` |
//! | headers | metadata; those that are none as they stand travel as JSON in `nestrs-headers-bin` |
//! | error | a status, see [`status`] |
//! | deadline | `grpc-timeout`, which holds for every call whichever service it is of |
//! | a call that is not waited for any more | its stream is reset, and its handler is dropped |
//! | a client | one HTTP/2 connection for all its calls, made by the first and again by the next after it broke; [`GrpcChannel`] is the same for generated clients |
//! | back-pressure | HTTP/2's: a handler's stream is asked for no more than its reader has room for, and calls beyond [`max_in_flight`](GrpcMicroserviceOptions::max_in_flight) wait |
//! | scale-out | a load balancer in front |
//!
//! **Delivery**: at most once. The sender sees when a connection breaks:
//! calls that wait fail with [`ErrorKind::ConnectionClosed`]. Only a request
//! that never left is sent over another connection.
//!
//! **Limits**: [`GrpcLimits`], on either side. A call whose handler panics is
//! answered, a message that cannot be read ends its own call, and bytes that are
//! no HTTP end their own connection.
//!
//! # Layout
//!
//! [`server`] accepts, `connection` speaks HTTP, `calls` has what every call has
//! (`body` until its last byte, `deadline` what its caller said), `patterns` is
//! the service of patterns, `methods` those of proto files that handlers answer,
//! [`GrpcServices`] those that `tonic` generated and `health` the standard ones. [`client`] sends patterns over a [`channel`], whose connection
//! is a `link` to an `address`. `context` and `metadata` are what travels beside
//! a message, [`status`] what goes wrong with it, and `tls` wraps sockets.
//! `generated/` is made from `proto/`: see `tests/generated.rs`.
//!
//! The next file on a message's path is `server.rs`.
//!
//! [`ErrorKind::ConnectionClosed`]: nestrs_core::ErrorKind::ConnectionClosed

mod address;
mod body;
mod calls;
pub mod channel;
pub mod client;
mod connection;
mod context;
mod deadline;
mod health;
mod limits;
mod link;
mod metadata;
mod methods;
mod patterns;
pub mod server;
mod services;
pub mod status;
#[cfg(feature = "tls")]
mod tls;

pub use channel::{ChannelBody, ChannelError, GrpcChannel};
pub use client::{GrpcTransport, GrpcTransportOptions};
pub use context::{GrpcContext, context};
pub use limits::{GrpcKeepAlive, GrpcLimits};
pub use methods::{GrpcProto, HandlerTypes};
#[cfg(feature = "tls")]
pub use nestrs_core::tls::{TlsClientOptions, TlsServerOptions};
pub use server::GrpcMicroserviceOptions;
pub use services::GrpcServices;

/// Where a server listens and a client connects unless told otherwise.
pub const DEFAULT_ADDR: &str = "127.0.0.1:5000";

/// What `proto/nestrs/v1/patterns.proto` generates.
#[allow(missing_docs, unreachable_pub)]
mod proto {
    include!("generated/nestrs.v1.rs");

    /// The same as a `FileDescriptorSet`.
    pub(crate) const DESCRIPTORS: &[u8] = include_bytes!("generated/nestrs.v1.bin");
}

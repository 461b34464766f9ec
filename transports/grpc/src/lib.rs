//! gRPC for nestrs: patterns over gRPC, and a server for services of one's own.

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

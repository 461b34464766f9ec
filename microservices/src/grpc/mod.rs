//! Methods of gRPC services as handlers: the same pipeline, with protobuf in
//! the place of JSON.
//!
//! | file | holds |
//! |---|---|
//! | `call.rs` | [`FromCall`]: from a call to the handler's parameters |
//! | `stream.rs` | [`GrpcStream`]: messages that come one by one |
//! | `reply.rs` | from what a handler returns to what goes back |
//! | `client.rs` | [`grpc_client`]: clients that `tonic` generates, injected |
//! | `signature.rs` | what a handler takes and returns, for the server to compare with the proto file |
//!
//! A method is a pattern, `/math.Math/Add`, and its handler one like any other:
//! the dispatcher, the chain of enhancers and `Ctx` are the same. Of the call's
//! bytes enhancers get a view, see [`Encoding`](nestrs_core::Encoding).
//!
//! The next file on a call's path is [`crate::dispatcher`].

mod call;
mod client;
mod reply;
mod signature;
mod stream;

pub use call::FromCall;
pub use client::grpc_client;
pub use reply::GrpcMessage;
pub use stream::GrpcStream;

/// What the macros' output refers to.
pub mod __private {
    pub use super::call::FromCall;
    pub use super::signature::{
        IsAnyType, IsItems, IsNamed, IsNamedStream, IsOpen, IsOpened, IsUnnamed, Taken, TypeOf,
        returned, signature,
    };
}

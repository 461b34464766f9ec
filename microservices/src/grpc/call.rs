//! From a call to the parameters of its handler.
//!
//! The next file on a call's path is [`super::reply`].

use std::any::type_name;
use std::future::Future;

use nestrs_core::{ErrorKind, TransportError};
use nestrs_di::Key;
use nestrs_transport_grpc::GrpcContext;
use serde_json::Value;

use super::reply::GrpcMessage;
use super::stream::GrpcStream;
use crate::home::internal;
use crate::incoming::{Incoming, Parts, Payload};
use crate::payload::{FromMessage, ViaMessage};

/// What the handler of a gRPC method can take as a parameter.
///
/// | parameter | is |
/// |---|---|
/// | a message, as `tonic-prost-build` generates it | the request; at most one |
/// | [`GrpcStream<T>`](GrpcStream) | the requests, where the client streams; instead of one |
/// | `()` | an empty request, `google.protobuf.Empty` |
/// | [`Ctx`](crate::Ctx), `Arc<T>`, or your own [`FromMessage`] | what it is for any message |
///
/// The `Marker` is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no parameter for a handler of gRPC",
    label = "no message of a proto file",
    note = "take the request as `tonic-prost-build` generates it, a `GrpcStream` of it where the client streams, `Ctx`, or `Arc<…>` of a provider"
)]
pub trait FromCall<Marker>: Sized {
    /// Whether it takes the request, or the requests, away.
    const PAYLOAD: bool = false;
    /// Whether it takes many of them.
    const STREAM: bool = false;
    /// What the container has to provide for it.
    const DEPENDENCY: Option<Key> = None;

    /// Makes one of the call.
    ///
    /// # Errors
    ///
    /// What the caller is answered; the handler does not run.
    fn from_message(
        message: &mut Incoming,
    ) -> impl Future<Output = Result<Self, TransportError>> + Send;
}

/// Marks the request.
#[derive(Debug)]
pub enum ViaProto {}

/// Marks requests that come one by one.
#[derive(Debug)]
pub enum ViaStream {}

impl<T: GrpcMessage + Default + 'static> FromCall<ViaProto> for T {
    const PAYLOAD: bool = true;

    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        let Parts { ctx, payload, .. } = &mut *message.0;
        let encoding = ctx
            .encoding
            .as_deref()
            .filter(|encoding| encoding.is_whole());
        let Some(encoding) = encoding else {
            return Err(other_kind::<T>(message));
        };
        let bytes = match payload {
            Payload::Came(bytes, _) => bytes.take(),
            // A pipe made something of it.
            Payload::Made(value) => Some(encoding.write(value)?),
        };
        let bytes = match bytes {
            Some(bytes) => bytes,
            None => encoding.write(&Value::Null)?,
        };
        decode(bytes, ctx.pattern())
    }
}

impl<T: GrpcMessage + Default + 'static> FromCall<ViaStream> for GrpcStream<T> {
    const PAYLOAD: bool = true;
    const STREAM: bool = true;

    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        let grpc = message.0.ctx.native::<GrpcContext>();
        let requests = grpc.and_then(GrpcContext::take_requests);
        match requests {
            Some(requests) => Ok(Self::decoding(requests, message.0.ctx.pattern().into())),
            None => Err(other_kind::<Self>(message)),
        }
    }
}

impl<T: FromMessage<ViaMessage>> FromCall<ViaMessage> for T {
    const DEPENDENCY: Option<Key> = <T as FromMessage<ViaMessage>>::DEPENDENCY;

    fn from_message(
        message: &mut Incoming,
    ) -> impl Future<Output = Result<Self, TransportError>> + Send {
        <T as FromMessage<ViaMessage>>::from_message(message)
    }
}

/// A `T` from its bytes.
pub(super) fn decode<T: GrpcMessage + Default>(
    bytes: bytes::Bytes,
    pattern: &str,
) -> Result<T, TransportError> {
    T::decode(bytes).map_err(|error| {
        let asked = type_name::<T>();
        let message = format!("the payload of `{pattern}` is no `{asked}`: {error}");
        TransportError::of_kind(ErrorKind::InvalidPayload, message)
    })
}

/// A server compares what handlers take with its proto files before it starts,
/// so this is for who called a handler in some other way.
fn other_kind<T>(message: &Incoming) -> TransportError {
    let (pattern, asked) = (message.0.ctx.pattern(), type_name::<T>());
    internal(format!("a call of `{pattern}` has no `{asked}`"))
}

//! What a gRPC call is to the handlers of its message: headers, deadline,
//! cancellation, and [`GrpcContext`].

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::StreamExt;
use http::Extensions;
use nestrs_core::dispatch::BoxStream;
use nestrs_core::{Cancellation, MessageContext, TransportError};
use tokio::time::Instant;
use tonic::codec::Streaming;
use tonic::metadata::MetadataMap;

use crate::{metadata, status};

/// What gRPC knows of a message: the `native` part of its context.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_grpc::GrpcContext;
///
/// fn agent(context: &MessageContext) -> &str {
///     let grpc = context.native::<GrpcContext>();
///     let agent = grpc.and_then(|grpc| grpc.metadata.get("user-agent"));
///     agent.and_then(|agent| agent.to_str().ok()).unwrap_or("unknown")
/// }
/// # assert_eq!(agent(&MessageContext::new("pigeon")), "unknown");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GrpcContext {
    /// The address the connection came from.
    pub peer: SocketAddr,
    /// The method that was called, as `/package.Service/Method`.
    pub method: Arc<str>,
    /// The call's metadata, binary values included.
    pub metadata: MetadataMap,
    /// What a client streams, until the handler takes it.
    pub(crate) requests: Option<Requests>,
}

impl GrpcContext {
    /// Takes the requests of a client that streams. Once: they come but once.
    ///
    /// # Errors
    ///
    /// An item is one when the client broke off, as far as a client that did
    /// can be told anything. It is the last.
    pub fn take_requests(&self) -> Option<BoxStream<'static, Result<Bytes, TransportError>>> {
        self.requests.as_ref()?.take()
    }
}

/// The requests of a client that streams.
#[derive(Clone)]
pub(crate) struct Requests(Arc<Mutex<Option<Streaming<Bytes>>>>);

impl Requests {
    pub(crate) fn new(requests: Streaming<Bytes>) -> Self {
        Self(Arc::new(Mutex::new(Some(requests))))
    }

    fn take(&self) -> Option<BoxStream<'static, Result<Bytes, TransportError>>> {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let requests = requests.take()?;
        let messages = requests.map(|one| one.map_err(|status| status::to_error(&status)));
        Some(messages.boxed())
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests(..)")
    }
}

/// What the server knows of a call, among the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) peer: SocketAddr,
    pub(crate) method: Arc<str>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancelled: Cancellation,
}

/// The context of the message in a call, for services of one's own: `tonic`
/// hands its metadata and extensions on with each request.
///
/// ```
/// use nestrs_core::MessageContext;
///
/// async fn greet(request: tonic::Request<String>) -> Result<tonic::Response<String>, tonic::Status> {
///     let context = nestrs_transport_grpc::context(request.metadata(), request.extensions());
///     let tenant = context.headers.get("tenant").unwrap_or("nobody");
///     Ok(tonic::Response::new(format!("hello, {tenant}")))
/// }
/// ```
pub fn context(metadata: &MetadataMap, extensions: &Extensions) -> MessageContext {
    context_with(metadata, extensions, None)
}

/// As [`context`], of a call whose client may stream.
pub(crate) fn context_with(
    metadata: &MetadataMap,
    extensions: &Extensions,
    requests: Option<Requests>,
) -> MessageContext {
    let mut context = MessageContext::new("grpc");
    context.headers = metadata::headers(metadata);
    if let Some(call) = extensions.get::<Call>() {
        context.cancelled = call.cancelled.clone();
        context.deadline = call.deadline.map(Instant::into_std);
        context.native = Some(Arc::new(GrpcContext {
            peer: call.peer,
            method: call.method.clone(),
            metadata: metadata.clone(),
            requests,
        }));
    }
    context
}

//! One call: from the request to a message, from its answer to the response.
//!
//! The next file on a call's path is the dispatcher of `nestrs-microservices`.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{Request, Response};
use nestrs_core::dispatch::{BoxFuture, BoxStream};
use nestrs_core::{Answer, Dispatch, Encoding, Message, MessageKind};
use prost_reflect::MethodDescriptor;
use tonic::body::Body;
use tonic::codec::{CompressionEncoding, EnabledCompressionEncodings, Streaming};
use tonic::server::{Grpc, StreamingService};
use tonic::{Status, codegen};
use tower_service::Service;

use super::codec::BytesCodec;
use super::view::View;
use crate::context::{Requests, context_with};
use crate::limits::GrpcLimits;
use crate::status;

/// Answers the calls of one method.
#[derive(Clone)]
pub(super) struct MethodService(Arc<Method>);

struct Method {
    name: String,
    /// What its handler is called by, if it has one.
    handler: Option<Handler>,
    takes_stream: bool,
    gives_stream: bool,
    encoding: Arc<dyn Encoding>,
    dispatch: Arc<dyn Dispatch>,
    limits: GrpcLimits,
    compression: bool,
}

struct Handler {
    route: Arc<str>,
    pattern: Bytes,
}

impl MethodService {
    pub(super) fn new(
        method: &MethodDescriptor,
        route: Option<String>,
        dispatch: &Arc<dyn Dispatch>,
        limits: &GrpcLimits,
        compression: bool,
    ) -> Self {
        let handler = route.map(|route| Handler {
            pattern: serde_json::Value::from(&*route).to_string().into(),
            route: route.into(),
        });
        Self(Arc::new(Method {
            name: method.name().to_owned(),
            handler,
            takes_stream: method.is_client_streaming(),
            gives_stream: method.is_server_streaming(),
            encoding: Arc::new(View(method.clone())),
            dispatch: Arc::clone(dispatch),
            limits: limits.clone(),
            compression,
        }))
    }
}

impl<B> Service<Request<B>> for MethodService
where
    B: http_body::Body<Data = Bytes, Error: Into<codegen::StdError> + Send> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self(method) = self.clone();
        Box::pin(async move {
            let mut grpc = method.grpc();
            Ok(grpc.streaming(Call(method), request).await)
        })
    }
}

impl Method {
    fn grpc(&self) -> Grpc<BytesCodec> {
        let mut taken = EnabledCompressionEncodings::default();
        taken.enable(CompressionEncoding::Gzip);
        let mut packed = EnabledCompressionEncodings::default();
        if self.compression {
            packed.enable(CompressionEncoding::Gzip);
        }
        Grpc::new(BytesCodec)
            .apply_compression_config(taken, packed)
            .apply_max_message_size_config(
                Some(self.limits.max_receive_message_size),
                Some(self.limits.max_send_message_size),
            )
    }

    async fn answer(&self, request: tonic::Request<Streaming<Bytes>>) -> Result<Replies, Status> {
        let Some(handler) = &self.handler else {
            return Err(self.unimplemented());
        };
        let (metadata, extensions, mut requests) = request.into_parts();
        let (payload, requests) = match self.takes_stream {
            true => (Bytes::new(), Some(Requests::new(requests))),
            false => (only(&mut requests).await?, None),
        };
        let mut message = Message::new(MessageKind::Request, handler.pattern.clone(), payload);
        message.route = Some(Arc::clone(&handler.route));
        message.context = context_with(&metadata, &extensions, requests);
        message.context.encoding = Some(Arc::clone(&self.encoding));
        match self.dispatch.dispatch(message).await {
            Answer::One(Ok(Some(reply))) => Ok(one(reply)),
            Answer::One(Err(error)) => Err(status::from_error(&error)),
            Answer::Many(items) => {
                let replies = items.map(|item| item.map_err(|error| status::from_error(&error)));
                match self.gives_stream {
                    true => Ok(replies.boxed()),
                    false => self.only_reply(replies.boxed()).await.map(one),
                }
            }
            Answer::NoHandler => Err(self.unimplemented()),
            _ if self.gives_stream => Ok(stream::empty().boxed()),
            _ => Err(self.unanswered()),
        }
    }

    /// Of a method that is answered with one message.
    async fn only_reply(&self, mut replies: Replies) -> Result<Bytes, Status> {
        let Some(first) = replies.next().await else {
            return Err(self.unanswered());
        };
        match replies.next().await {
            None => first,
            Some(_) => Err(Status::internal(format!(
                "`{}` was answered with more than one message",
                self.name
            ))),
        }
    }

    fn unanswered(&self) -> Status {
        Status::internal(format!("`{}` was answered with nothing", self.name))
    }

    /// NestJS's words for it.
    fn unimplemented(&self) -> Status {
        Status::unimplemented(format!(
            "The server does not implement the method {}",
            self.name
        ))
    }
}

type Replies = BoxStream<'static, Result<Bytes, Status>>;

fn one(reply: Bytes) -> Replies {
    stream::iter([Ok(reply)]).boxed()
}

/// The message of a client that does not stream.
async fn only(requests: &mut Streaming<Bytes>) -> Result<Bytes, Status> {
    let request = requests.message().await?;
    let request = request.ok_or_else(|| Status::internal("Missing request message."))?;
    // To its end, or the client is told to stop sending what it has sent.
    requests.trailers().await?;
    Ok(request)
}

struct Call(Arc<Method>);

impl StreamingService<Bytes> for Call {
    type Response = Bytes;
    type ResponseStream = Replies;
    type Future = BoxFuture<'static, Result<tonic::Response<Replies>, Status>>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        let Self(method) = self;
        let method = Arc::clone(method);
        Box::pin(async move { method.answer(request).await.map(tonic::Response::new) })
    }
}

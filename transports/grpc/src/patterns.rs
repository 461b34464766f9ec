//! Patterns over gRPC: the service of `proto/nestrs/v1/patterns.proto`, which
//! turns calls into messages and answers into replies.
//!
//! The next file on a message's path is [`nestrs_core::route_table`].

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxStream;
use nestrs_core::error::NO_MESSAGE_HANDLER;
use nestrs_core::intake::Intake;
use nestrs_core::{
    Answer, Cancellation, Dispatch, ErrorKind, Message, MessageKind, TransportError, packet,
};
use serde_json::Value;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::{Request, Response, Status};

use crate::calls::stopping;
use crate::context::context;
use crate::limits::GrpcLimits;
use crate::proto::patterns_server::{Patterns, PatternsServer};
use crate::proto::{self, Accepted, Reply};
use crate::services::GrpcServices;
use crate::status;

/// The method that takes its calls in itself: an event is in hand for longer
/// than the call that brought it.
pub(crate) const EMIT: &str = "/nestrs.v1.Patterns/Emit";

struct Service {
    dispatch: Arc<dyn Dispatch>,
    intake: Intake,
}

/// Adds the service of patterns.
pub(crate) fn add(
    services: &mut GrpcServices,
    dispatch: Arc<dyn Dispatch>,
    intake: &Intake,
    limits: &GrpcLimits,
    compression: bool,
) {
    let intake = intake.clone();
    let mut server = PatternsServer::new(Service { dispatch, intake })
        .max_decoding_message_size(limits.max_receive_message_size)
        .max_encoding_message_size(limits.max_send_message_size)
        .accept_compressed(Gzip);
    if compression {
        server = server.send_compressed(Gzip);
    }
    services.add(server);
    services.describe(proto::DESCRIPTORS);
}

#[tonic::async_trait]
impl Patterns for Service {
    async fn send(&self, call: Request<proto::Message>) -> Result<Response<Reply>, Status> {
        let message = message(MessageKind::Request, call);
        let mut replies = self.dispatch.dispatch(message).await.into_replies();
        match replies.next().await {
            Some(packet::Reply::Item(item) | packet::Reply::Last(item)) => Ok(reply(Some(item))),
            Some(packet::Reply::Error(error)) => Err(status::from_error(&error)),
            Some(packet::Reply::NoHandler) => Err(no_handler()),
            _ => Ok(reply(None)),
        }
    }

    type SendStreamStream = BoxStream<'static, Result<Reply, Status>>;

    async fn send_stream(
        &self,
        call: Request<proto::Message>,
    ) -> Result<Response<Self::SendStreamStream>, Status> {
        let answer = self
            .dispatch
            .dispatch(message(MessageKind::Request, call))
            .await;
        let items: BoxStream<'static, _> = match answer {
            Answer::One(Ok(item)) => Box::pin(stream::iter(item.map(Ok))),
            Answer::One(Err(error)) => return Err(status::from_error(&error)),
            Answer::Many(items) => items,
            Answer::NoHandler => return Err(no_handler()),
            _ => Box::pin(stream::empty()),
        };
        let replies = items.map(|item| match item {
            Ok(item) => Ok(Reply {
                payload: Some(item),
            }),
            Err(error) => Err(status::from_error(&error)),
        });
        Ok(Response::new(Box::pin(replies)))
    }

    async fn emit(&self, call: Request<proto::Message>) -> Result<Response<Accepted>, Status> {
        let mut message = message(MessageKind::Event, call);
        // Nobody waits for its handlers.
        message.context.deadline = None;
        message.context.cancelled = Cancellation::default();
        let admission = self.intake.admit().await.ok_or_else(stopping)?;
        let answer = self.dispatch.dispatch(message);
        admission.run(async move { drop(answer.await) });
        Ok(Response::new(Accepted {}))
    }
}

fn message(kind: MessageKind, call: Request<proto::Message>) -> Message {
    let (metadata, extensions, proto::Message { pattern, payload }) = call.into_parts();
    let payload = match payload.is_empty() {
        true => Bytes::from_static(b"null"),
        false => payload,
    };
    let mut message = Message::new(kind, Value::String(pattern).to_string(), payload);
    message.context = context(&metadata, &extensions);
    message
}

fn reply(payload: Option<Bytes>) -> Response<Reply> {
    Response::new(Reply { payload })
}

fn no_handler() -> Status {
    let error = TransportError::of_kind(ErrorKind::NoHandler, NO_MESSAGE_HANDLER);
    status::from_error(&error)
}

//! From what the handler of a gRPC method returns to what goes back: as for
//! messages, see [`crate::answer`], with protobuf in the place of JSON. `()` is
//! `google.protobuf.Empty`.

use std::error::Error;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use nestrs_core::{Answer, TransportError};
use prost::Message;

use crate::answer::{FallibleItems, ForeignItems, Item, Items, Nothing, foreign};

/// A message of a proto file, as `tonic-prost-build` generates it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no message of a proto file",
    label = "gRPC carries messages of proto files",
    note = "return what `tonic-prost-build` generated, a `Result` of it, or a stream of either"
)]
pub trait GrpcMessage: Message {}

impl<T: Message> GrpcMessage for T {}

impl Nothing {
    pub fn answer_call(self, (): ()) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(Some(Bytes::new()))))
    }
}

impl Item {
    pub fn answer_call<T: GrpcMessage>(self, message: T) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(Some(encode(&message)))))
    }
}

impl Items {
    pub fn answer_call<S>(self, messages: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item: GrpcMessage> + Send + 'static,
    {
        Ok(Answer::Many(Box::pin(
            messages.map(|message| Ok(encode(&message))),
        )))
    }
}

impl FallibleItems {
    pub fn answer_call<S, T, E>(self, messages: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: GrpcMessage,
        E: Into<TransportError>,
    {
        let encoded = |message: Result<T, E>| message.map(|it| encode(&it)).map_err(Into::into);
        Ok(Answer::Many(Box::pin(messages.map(encoded))))
    }
}

impl ForeignItems {
    pub fn answer_call<S, T, E>(self, messages: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: GrpcMessage,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let encoded = |message: Result<T, E>| message.map(|it| encode(&it)).map_err(foreign);
        Ok(Answer::Many(Box::pin(messages.map(encoded))))
    }
}

fn encode(message: &impl GrpcMessage) -> Bytes {
    message.encode_to_vec().into()
}

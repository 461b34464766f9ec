//! What enhancers see of a message: JSON, as protobuf maps to it, with two
//! differences that make it easier to look at. Fields that have their default
//! value are there, and integers of 64 bits are numbers.

use bytes::Bytes;
use nestrs_core::{Encoding, ErrorKind, TransportError};
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use serde_json::Value;

/// The messages of one method.
pub(super) struct View(pub(super) MethodDescriptor);

impl Encoding for View {
    fn is_whole(&self) -> bool {
        !self.0.is_client_streaming()
    }

    fn read(&self, payload: &[u8]) -> Result<Value, TransportError> {
        let input = self.0.input();
        let invalid = |why: String| {
            let message = format!("the payload is no `{}`: {why}", input.full_name());
            TransportError::of_kind(ErrorKind::InvalidPayload, message)
        };
        let message = DynamicMessage::decode(input.clone(), payload)
            .map_err(|error| invalid(error.to_string()))?;
        let options = SerializeOptions::new()
            .skip_default_fields(false)
            .stringify_64_bit_integers(false);
        let view = message.serialize_with_options(serde_json::value::Serializer, &options);
        view.map_err(|error| invalid(error.to_string()))
    }

    fn write(&self, payload: &Value) -> Result<Bytes, TransportError> {
        write(self.0.input(), payload, ErrorKind::InvalidPayload)
    }

    fn write_item(&self, item: &Value) -> Result<Bytes, TransportError> {
        write(self.0.output(), item, ErrorKind::Internal)
    }
}

fn write(kind: MessageDescriptor, json: &Value, wrong: ErrorKind) -> Result<Bytes, TransportError> {
    let name = kind.full_name().to_owned();
    let message = DynamicMessage::deserialize(kind, json).map_err(|error| {
        TransportError::of_kind(wrong, format!("this JSON is no `{name}`: {error}"))
    })?;
    Ok(message.encode_to_vec().into())
}

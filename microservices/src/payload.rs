//! From a message to the parameter of its handler: straight from the JSON
//! text, unless an enhancer made a [`Value`] of it.
//!
//! The next file on a message's path is [`crate::answer`].

use std::any::{Any, TypeId};
use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::{ErrorKind, TransportError};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Longer explanations are cut off: serde quotes the value it did not expect,
/// whatever its length.
const MAX_EXPLANATION: usize = 300;

/// A message as its handler gets it.
#[derive(Debug)]
pub struct Incoming {
    route: Arc<str>,
    payload: Payload,
}

/// The payload of a message, in the form it is there.
#[derive(Debug)]
pub(crate) enum Payload {
    /// As it came.
    Json(Bytes),
    /// As enhancers, or the event bus, hand it on.
    Value(Value),
}

impl Incoming {
    pub(crate) fn new(route: Arc<str>, payload: Payload) -> Self {
        Self { route, payload }
    }
}

/// What a handler can take as its parameter: any type that implements serde's
/// `Deserialize`, from the payload.
///
/// `()` takes any payload, since it says that the handler does not look at it.
/// The `Marker` is inferred; it keeps room for parameters that are made of
/// something else than the payload.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::micro_routes;
/// use std::collections::HashMap;
///
/// struct Orders;
///
/// #[micro_routes]
/// impl Orders {
///     #[message_pattern("orders.count")]
///     async fn count(&self, stock: HashMap<String, u32>) -> usize {
///         stock.len()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no parameter for a message handler",
    label = "cannot be made from a message",
    note = "derive `serde::Deserialize` for `{Self}`, or take a `serde_json::Value`"
)]
pub trait FromMessage<Marker>: Sized {
    /// Makes one of the message.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`], naming the pattern, the field and what
    /// was expected there.
    fn from_message(message: &mut Incoming) -> Result<Self, TransportError>;
}

/// Marks parameters that are made from the payload.
#[derive(Debug)]
pub enum ViaPayload {}

impl<T: DeserializeOwned + 'static> FromMessage<ViaPayload> for T {
    fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        let Incoming { route, payload } = message;
        if TypeId::of::<T>() == TypeId::of::<()>() {
            return decode(b"null", || of_message(route));
        }
        let value = match payload {
            Payload::Json(json) => return decode(json, || of_message(route)),
            Payload::Value(value) => value.take(),
        };
        // A handler that wants the `Value` gets the one that is there.
        let mut same = Some(value);
        if let Some(same) = (&mut same as &mut dyn Any).downcast_mut::<Option<T>>()
            && let Some(payload) = same.take()
        {
            return Ok(payload);
        }
        let value = same.unwrap_or_default();
        // Only text tells where in it an error is.
        T::deserialize(&value)
            .or_else(|_| decode(value.to_string().as_bytes(), || of_message(route)))
    }
}

fn of_message(route: &str) -> String {
    format!("the payload of `{route}` is not what its handler takes")
}

/// A `T` from JSON text. The error says `what` is wrong, where and why.
pub(crate) fn decode<T: DeserializeOwned>(
    json: &[u8],
    what: impl FnOnce() -> String,
) -> Result<T, TransportError> {
    serde_json::from_slice(json).map_err(|error| {
        let mut message = format!("{}: {}", what(), explain::<T>(json, &error));
        if let Some((end, _)) = message.char_indices().nth(MAX_EXPLANATION) {
            message.truncate(end);
            message.push('…');
        }
        TransportError::of_kind(ErrorKind::InvalidPayload, message)
    })
}

/// What serde says, with the place as a path instead of a line and a column.
/// Reads the payload again: the first time, nobody kept count of where it was.
fn explain<T: DeserializeOwned>(json: &[u8], error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let text = text
        .strip_suffix(&format!(" at line {line} column {column}"))
        .unwrap_or(&text);
    let mut reader = serde_json::Deserializer::from_slice(json);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) if error.path().iter().next().is_some() => {
            format!("at `{}`: {text}", error.path())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Order {
        id: u32,
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Item {
        price: f64,
    }

    fn incoming(payload: Payload) -> Incoming {
        Incoming::new("orders.create".into(), payload)
    }

    /// From text and from a `Value`, which must agree.
    fn take<T: DeserializeOwned + PartialEq + std::fmt::Debug + 'static>(
        payload: Value,
    ) -> Result<T, String> {
        let text = Payload::Json(payload.to_string().into());
        let [text, value] = [text, Payload::Value(payload)].map(|payload| {
            T::from_message(&mut incoming(payload)).map_err(|error| {
                assert_eq!(error.kind(), ErrorKind::InvalidPayload);
                error.message
            })
        });
        assert_eq!(text, value);
        text
    }

    #[test]
    fn a_payload_becomes_whatever_the_handler_takes() {
        let order = json!({ "id": 7, "items": [{ "price": 1.5 }] });
        assert_eq!(take::<Value>(order.clone()), Ok(order.clone()));
        assert_eq!(take::<Order>(order.clone()).unwrap().items[0].price, 1.5);
        assert_eq!(take::<Option<Order>>(Value::Null), Ok(None));
        assert_eq!(take::<String>(json!("é😀")), Ok("é😀".to_owned()));
        assert!(take::<BTreeMap<String, Value>>(order).is_ok());
    }

    #[test]
    fn who_takes_nothing_takes_anything() {
        for payload in [json!(null), json!({ "id": 7 }), json!([1]), json!("x")] {
            assert_eq!(take::<()>(payload), Ok(()));
        }
    }

    #[test]
    fn a_wrong_payload_names_the_pattern_the_field_and_what_was_expected() {
        let start = "the payload of `orders.create` is not what its handler takes: ";
        for (payload, why) in [
            (json!({ "items": [] }), "missing field `id`"),
            (
                json!({ "id": 7, "items": [{ "price": 1 }, { "price": "x" }] }),
                r#"at `items[1].price`: invalid type: string "x", expected f64"#,
            ),
            (
                json!({ "id": 7, "items": [{ "name": {} }] }),
                "at `items[0]`: missing field `price`",
            ),
            (
                json!({ "id": {}, "items": [] }),
                "at `id`: invalid type: map, expected u32",
            ),
            (json!(5), "invalid type: integer `5`, expected struct Order"),
        ] {
            assert_eq!(take::<Order>(payload).unwrap_err(), format!("{start}{why}"));
        }
    }

    #[test]
    fn what_is_no_json_is_a_wrong_payload_too() {
        let error = Value::from_message(&mut incoming(Payload::Json("nul".into()))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    }

    #[test]
    fn a_wrong_payload_of_any_size_has_a_short_explanation() {
        let error = take::<u8>(json!("é".repeat(10_000))).unwrap_err();
        assert!(error.chars().count() < MAX_EXPLANATION + 10);
    }
}

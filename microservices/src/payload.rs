//! From a message to the parameters of its handler. The payload is read
//! straight from the JSON text, unless a pipe made something else of it.
//!
//! The next file on a message's path is [`crate::answer`].

use std::any::{Any, TypeId};
use std::future::Future;
use std::sync::Arc;

use nestrs_core::{ErrorKind, TransportError};
use nestrs_di::Key;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::ctx::Ctx;
use crate::home::downcast;
use crate::incoming::{Incoming, Parts, Payload};

/// Longer explanations are cut off: serde quotes the value it did not expect,
/// whatever its length.
const MAX_EXPLANATION: usize = 300;

/// What a handler can take as a parameter.
///
/// | parameter | is |
/// |---|---|
/// | any type that implements serde's `Deserialize` | the payload; at most one |
/// | `()` | nothing: whatever the payload is |
/// | [`Ctx`] | pattern, headers, deadline, the transport's own context |
/// | `Arc<T>` | what the container gives the handler's module for `T`, for this message |
/// | `Valid<T>` (feature `garde`) | the payload, checked |
///
/// The `Marker` is inferred, and keeps these apart. For parameters of your own,
/// implement it with [`ViaMessage`]:
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{FromMessage, Incoming, TransportError, ViaMessage, micro_routes};
///
/// struct Tenant(String);
///
/// impl FromMessage<ViaMessage> for Tenant {
///     async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
///         let tenant = message.ctx().headers.get("tenant");
///         let tenant = tenant.ok_or_else(|| TransportError::new("who are you?"))?;
///         Ok(Self(tenant.to_owned()))
///     }
/// }
///
/// struct Orders;
///
/// #[micro_routes]
/// impl Orders {
///     #[message_pattern("orders.find")]
///     async fn find(&self, Tenant(tenant): Tenant, id: u32) -> String {
///         format!("{tenant}/{id}")
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no parameter for a message handler",
    label = "cannot be made from a message",
    note = "derive `serde::Deserialize` for `{Self}`, or take a `serde_json::Value`",
    note = "if `{Self}` comes from the container, take an `Arc<{Self}>`"
)]
pub trait FromMessage<Marker>: Sized {
    /// Whether it takes the payload away.
    const PAYLOAD: bool = false;
    /// What the container has to provide for it.
    const DEPENDENCY: Option<Key> = None;

    /// Makes one of the message.
    ///
    /// # Errors
    ///
    /// What the caller is answered; the handler does not run. For a payload
    /// [`ErrorKind::InvalidPayload`], naming the pattern, the field and what
    /// was expected there.
    fn from_message(
        message: &mut Incoming,
    ) -> impl Future<Output = Result<Self, TransportError>> + Send;
}

/// Marks parameters that are made from the payload.
#[derive(Debug)]
pub enum ViaPayload {}

/// Marks parameters that are made from anything else.
#[derive(Debug)]
pub enum ViaMessage {}

impl<T: DeserializeOwned + 'static> FromMessage<ViaPayload> for T {
    const PAYLOAD: bool = true;

    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        take_payload(message)
    }
}

impl FromMessage<ViaMessage> for Ctx {
    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        Ok(message.0.ctx.clone())
    }
}

impl<T: Send + Sync + 'static> FromMessage<ViaMessage> for Arc<T> {
    const DEPENDENCY: Option<Key> = Some(Key::of::<T>());

    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        downcast(message.instance(Key::of::<T>()).await?)
    }
}

/// The payload as a `T`.
pub(crate) fn take_payload<T>(message: &mut Incoming) -> Result<T, TransportError>
where
    T: DeserializeOwned + 'static,
{
    let Parts { ctx, payload, .. } = &mut *message.0;
    let what = || of_message(ctx.pattern());
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return decode(b"null", what);
    }
    let wants_value = TypeId::of::<T>() == TypeId::of::<Value>();
    let value = match payload {
        Payload::Made(value) => value.take(),
        Payload::Came(json, value) => match json.take() {
            Some(json) if !wants_value || value.get().is_none() => return decode(&json, what),
            _ => value.take().unwrap_or_default(),
        },
    };
    // Who wants the `Value` gets the one that is there.
    let mut value = Some(value);
    if let Some(same) = (&mut value as &mut dyn Any).downcast_mut::<Option<T>>()
        && let Some(payload) = same.take()
    {
        return Ok(payload);
    }
    let value = value.unwrap_or_default();
    // Only text tells where in it an error is.
    T::deserialize(&value).or_else(|_| decode(value.to_string().as_bytes(), what))
}

fn of_message(route: &str) -> String {
    format!("the payload of `{route}` is not what its handler takes")
}

/// A `T` from JSON text. The error says `what` is wrong, where and why.
pub(crate) fn decode<T: DeserializeOwned>(
    json: &[u8],
    what: impl FnOnce() -> String,
) -> Result<T, TransportError> {
    // Text is read faster, and checked faster as a whole.
    let read = match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    };
    read.map_err(|error| {
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
    use crate::ctx::Named;
    use crate::handler::HandlerName;
    use bytes::Bytes;
    use nestrs_core::{MessageContext, MessageKind};
    use serde::Deserialize;
    use serde_json::json;
    use std::collections::BTreeMap;
    use std::panic::Location;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Order {
        id: u32,
        items: Vec<Item>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Item {
        price: f64,
    }

    fn incoming(payload: impl Into<Payload>) -> Incoming {
        let ctx = Ctx {
            subject: None,
            kind: MessageKind::Request,
            handler: Arc::new(Named {
                route: "orders.create".into(),
                name: HandlerName {
                    provider: "Orders",
                    method: "create",
                    at: Location::caller(),
                },
            }),
            context: MessageContext::default(),
        };
        Incoming::new(ctx, payload.into())
    }

    /// From text and from a `Value`, which must agree.
    fn take<T: DeserializeOwned + PartialEq + std::fmt::Debug + 'static>(
        payload: Value,
    ) -> Result<T, String> {
        let text = Bytes::from(payload.to_string());
        let [text, value] = [text.into(), Payload::from(payload)].map(|payload| {
            take_payload::<T>(&mut incoming(payload)).map_err(|error| {
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
        let mut message = incoming(Bytes::from("nul"));
        let errors = [
            message.payload().cloned().unwrap_err(),
            take_payload::<Value>(&mut message).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::InvalidPayload);
        }
    }

    #[test]
    fn a_wrong_payload_of_any_size_has_a_short_explanation() {
        let error = take::<u8>(json!("é".repeat(10_000))).unwrap_err();
        assert!(error.chars().count() < MAX_EXPLANATION + 10);
    }
}

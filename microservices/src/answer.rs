//! From what a handler returns to what goes back.
//!
//! | returned | answered |
//! |---|---|
//! | `()` | nothing |
//! | `T: Serialize` | one item |
//! | `impl Stream<Item = T>` | the items |
//! | `impl Stream<Item = Result<T, E>>` | the items, up to the first error |
//! | `Result<any of these, E>` | the same, or the error |
//!
//! An `E` that is `Into<TransportError>` is answered as that, and so is a
//! `tonic::Status` (feature `grpc`). Any other error
//! (`Into<Box<dyn Error>>`: a `std::error::Error`, an `anyhow::Error`, a
//! `String`) is no concern of the caller: it is of [`ErrorKind::Internal`].
//!
//! A macro sees tokens, not types: an alias of `Result` looks like any other
//! type. So the compiler chooses, by the order in which it looks for methods:
//! the generated code calls a method on `&&&&Probe(&returned)`, and the trait
//! that is implemented with the most references wins. First [`Probe`] opens a
//! `Result`, then it looks at what was inside.
//!
//! The next file on a message's path is the reply of `nestrs-core`'s
//! [`packet`](nestrs_core::packet), and then, at the caller, [`crate::client`].

use std::error::Error;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use nestrs_core::{Answer, TransportError, packet};
use serde::Serialize;

use crate::home::internal;

/// Finds out what kind of value it is about.
pub struct Probe<'a, R>(pub &'a R);

/// A `Result` whose error the caller may know.
pub trait IsResult {
    /// How to open it.
    fn way(&self) -> Fallible {
        Fallible
    }
}
impl<T, E: Into<TransportError>> IsResult for &&&Probe<'_, Result<T, E>> {}

/// A `Result` with any other error.
pub trait IsForeignResult {
    /// How to open it.
    fn way(&self) -> Foreign {
        Foreign
    }
}
impl<T, E: Into<Box<dyn Error + Send + Sync>>> IsForeignResult for &&Probe<'_, Result<T, E>> {}

/// A `Result` whose error is none: for the compiler to say so.
pub trait IsWrongResult {
    /// How to open it.
    fn way(&self) -> Fallible {
        Fallible
    }
}
impl<T, E> IsWrongResult for &Probe<'_, Result<T, E>> {}

/// Anything.
pub trait IsPlain {
    /// How to open it: it is open.
    fn way(&self) -> Plain {
        Plain
    }
}
impl<R> IsPlain for Probe<'_, R> {}

pub struct Fallible;
impl Fallible {
    pub fn open<T, E: Into<TransportError>>(
        self,
        returned: Result<T, E>,
    ) -> Result<T, TransportError> {
        returned.map_err(Into::into)
    }
}

pub struct Foreign;
impl Foreign {
    pub fn open<T, E: Into<Box<dyn Error + Send + Sync>>>(
        self,
        returned: Result<T, E>,
    ) -> Result<T, TransportError> {
        returned.map_err(foreign)
    }
}

/// An error that is none of the caller's concern, and what caused it. A status
/// of gRPC is: who returns one means what it says.
pub(crate) fn foreign(error: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    let error = error.into();
    #[cfg(feature = "grpc")]
    if let Some(status) = error.downcast_ref() {
        return nestrs_transport_grpc::status::to_error(status);
    }
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message.push_str(": ");
        message.push_str(&error.to_string());
        cause = error.source();
    }
    internal(message)
}

pub struct Plain;
impl Plain {
    pub fn open<R>(self, returned: R) -> Result<R, TransportError> {
        Ok(returned)
    }
}

/// `()`.
pub trait IsUnit {
    /// How to answer with it.
    fn reply(&self) -> Nothing {
        Nothing
    }
}
impl IsUnit for &&&&Probe<'_, ()> {}

/// A stream of `Result`s.
pub trait IsFallibleStream {
    /// How to answer with it.
    fn reply(&self) -> FallibleItems {
        FallibleItems
    }
}
impl<S, T, E> IsFallibleStream for &&&Probe<'_, S>
where
    S: Stream<Item = Result<T, E>>,
    E: Into<TransportError>,
{
}

/// A stream of `Result`s with any other error.
pub trait IsForeignStream {
    /// How to answer with it.
    fn reply(&self) -> ForeignItems {
        ForeignItems
    }
}
impl<S, T, E> IsForeignStream for &&Probe<'_, S>
where
    S: Stream<Item = Result<T, E>>,
    E: Into<Box<dyn Error + Send + Sync>>,
{
}

/// Any other stream.
pub trait IsStream {
    /// How to answer with it.
    fn reply(&self) -> Items {
        Items
    }
}
impl<S: Stream> IsStream for &Probe<'_, S> {}

/// Anything else.
pub trait IsValue {
    /// How to answer with it.
    fn reply(&self) -> Item {
        Item
    }
}
impl<R> IsValue for Probe<'_, R> {}

pub struct Nothing;
impl Nothing {
    pub fn answer(self, (): ()) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(None)))
    }
}

pub struct Item;
impl Item {
    pub fn answer<T: Serialize>(self, value: T) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(Some(to_json(&value)?))))
    }
}

pub struct Items;
impl Items {
    pub fn answer<S>(self, items: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item: Serialize> + Send + 'static,
    {
        Ok(Answer::Many(Box::pin(items.map(|item| to_json(&item)))))
    }
}

pub struct FallibleItems;
impl FallibleItems {
    pub fn answer<S, T, E>(self, items: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: Into<TransportError>,
    {
        let to_json = |item: Result<T, E>| to_json(&item.map_err(Into::into)?);
        Ok(Answer::Many(Box::pin(items.map(to_json))))
    }
}

pub struct ForeignItems;
impl ForeignItems {
    pub fn answer<S, T, E>(self, items: S) -> Result<Answer, TransportError>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Serialize,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let to_json = |item: Result<T, E>| to_json(&item.map_err(foreign)?);
        Ok(Answer::Many(Box::pin(items.map(to_json))))
    }
}

/// Values that are no JSON, such as a map with keys that are no strings, are
/// the handler's fault: the caller learns no more than of a panic.
fn to_json<T: Serialize>(value: &T) -> Result<Bytes, TransportError> {
    packet::to_json(value).map_err(|error| {
        let returned = std::any::type_name::<T>();
        internal(format!(
            "it returned a `{returned}` that is no JSON: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use nestrs_core::ErrorKind;
    use std::collections::HashMap;

    /// What the macros write after the handler's call.
    macro_rules! answer {
        ($returned:expr) => {{
            let returned = $returned;
            let answer = match (&&&&Probe(&returned)).way().open(returned) {
                Ok(value) => (&&&&&Probe(&value)).reply().answer(value),
                Err(error) => Err(error),
            };
            answer.unwrap_or_else(|error| Answer::One(Err(error)))
        }};
    }

    /// Items, `-` for nothing, and `!message` for an error.
    async fn shown(answer: Answer) -> String {
        let show = |item: Result<Bytes, TransportError>| match item {
            Ok(json) => String::from_utf8(json.to_vec()).unwrap(),
            Err(error) => format!("!{error}"),
        };
        match answer {
            Answer::One(Ok(None)) => "-".to_owned(),
            Answer::One(Ok(Some(json))) => show(Ok(json)),
            Answer::One(Err(error)) => show(Err(error)),
            Answer::Many(items) => items.map(show).collect::<Vec<_>>().await.join(" "),
            other => panic!("{other:?}"),
        }
    }

    #[derive(Debug)]
    struct OutOfStock;
    impl From<OutOfStock> for TransportError {
        fn from(_: OutOfStock) -> Self {
            Self::new("out of stock")
        }
    }
    type Alias<T> = Result<T, OutOfStock>;

    fn numbers() -> impl Stream<Item = u8> {
        stream::iter([1, 2])
    }

    #[tokio::test]
    async fn what_is_returned_decides_what_is_answered() {
        let fail = || Err::<u8, _>(OutOfStock);
        assert_eq!(shown(answer!(())).await, "-");
        assert_eq!(shown(answer!(5)).await, "5");
        assert_eq!(shown(answer!("text")).await, "\"text\"");
        assert_eq!(shown(answer!(None::<u8>)).await, "null");
        assert_eq!(shown(answer!(Alias::Ok(()))).await, "-");
        assert_eq!(shown(answer!(Alias::Ok(5))).await, "5");
        assert_eq!(shown(answer!(fail())).await, "!out of stock");
        assert_eq!(shown(answer!(numbers())).await, "1 2");
        assert_eq!(shown(answer!(Alias::Ok(numbers()))).await, "1 2");
        let mixed = || stream::iter([Ok(1), fail()]);
        assert_eq!(shown(answer!(mixed())).await, "1 !out of stock");
        assert_eq!(shown(answer!(Alias::Ok(mixed()))).await, "1 !out of stock");
        let boxed: nestrs_core::dispatch::BoxStream<'static, u8> = Box::pin(numbers());
        assert_eq!(shown(answer!(boxed)).await, "1 2");
    }

    #[tokio::test]
    async fn an_error_that_is_no_transport_error_is_internal() {
        let number = || "x".parse::<u8>();
        let text = || Err::<u8, _>("in a text".to_owned());
        for answer in [
            answer!(number()),
            answer!(text()),
            answer!(stream::iter([number()])),
        ] {
            let error = match answer {
                Answer::One(Err(error)) => error,
                Answer::Many(mut items) => items.next().await.unwrap().unwrap_err(),
                other => panic!("{other:?}"),
            };
            assert_eq!(error.kind(), ErrorKind::Internal);
            assert_ne!(error.message, "Internal server error");
        }
    }

    #[tokio::test]
    async fn a_value_that_is_no_json_is_an_internal_error() {
        let keyed_by_units = HashMap::from([((), 1)]);
        let Answer::One(Err(error)) = answer!(keyed_by_units) else {
            panic!("an answer");
        };
        assert_eq!(error.kind(), ErrorKind::Internal);
    }
}

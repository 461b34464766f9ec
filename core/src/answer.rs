//! [`Answer`]: what goes back for a message.
//!
//! The next file on a message's path is [`crate::replies`].

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;

use crate::dispatch::BoxStream;
use crate::error::TransportError;

/// What goes back for a message. Items are JSON, unless the message has another
/// [`encoding`](crate::MessageContext::encoding).
#[non_exhaustive]
pub enum Answer {
    /// Nothing: the message was an event, and no handler of it failed.
    Silent,
    /// One item, or none where the handler returned nothing, or an error.
    One(Result<Option<Bytes>, TransportError>),
    /// Items as they come; an error is the last of them.
    Many(BoxStream<'static, Result<Bytes, TransportError>>),
    /// No handler has the pattern.
    NoHandler,
}

impl Answer {
    /// The same answer with something else in place of each of its items.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use nestrs_core::Answer;
    ///
    /// let answer = Answer::One(Ok(Some(Bytes::from("6"))));
    /// let quoted = answer.map(|item| Ok(format!("\"{}\"", item[0] as char).into()));
    /// let Answer::One(Ok(Some(item))) = quoted else { unreachable!() };
    /// assert_eq!(item, "\"6\"");
    /// ```
    #[must_use]
    pub fn map(
        self,
        mut change: impl FnMut(Bytes) -> Result<Bytes, TransportError> + Send + Unpin + 'static,
    ) -> Self {
        match self {
            Self::One(Ok(Some(item))) => Self::One(change(item).map(Some)),
            Self::Many(items) => Self::Many(Box::pin(Map { items, change })),
            other => other,
        }
    }
}

/// The items of a stream, changed.
struct Map<F> {
    items: BoxStream<'static, Result<Bytes, TransportError>>,
    change: F,
}

impl<F> Stream for Map<F>
where
    F: FnMut(Bytes) -> Result<Bytes, TransportError> + Unpin,
{
    type Item = Result<Bytes, TransportError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { items, change } = self.get_mut();
        let item = items.as_mut().poll_next(cx);
        item.map(|item| item.map(|item| item.and_then(change)))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("Silent"),
            Self::One(result) => f.debug_tuple("One").field(result).finish(),
            Self::Many(_) => f.write_str("Many(..)"),
            Self::NoHandler => f.write_str("NoHandler"),
        }
    }
}

//! From an [`Answer`] to the reply packets that carry it, in order: the same
//! for every transport.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;

use crate::answer::Answer;
use crate::dispatch::BoxStream;
use crate::error::TransportError;
use crate::packet::Reply;

type Item = Result<Bytes, TransportError>;

/// The replies of one answer.
///
/// ```
/// use bytes::Bytes;
/// use nestrs_core::Answer;
/// use nestrs_core::packet::Reply;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mut replies = Answer::One(Ok(Some(Bytes::from("6")))).into_replies();
/// assert!(matches!(replies.next().await, Some(Reply::Last(item)) if item == "6"));
/// assert!(replies.next().await.is_none());
/// # }
/// ```
#[derive(Debug)]
pub struct AnswerReplies {
    answer: Option<Answer>,
    /// What was there already when the item before it was sent.
    held: Option<Item>,
}

impl Answer {
    /// The reply packets of this answer.
    pub fn into_replies(self) -> AnswerReplies {
        AnswerReplies {
            answer: Some(self),
            held: None,
        }
    }
}

impl AnswerReplies {
    /// The next reply, or `None` after the last.
    ///
    /// An item is sent when it comes, and carries the end along if that is
    /// known by then, as NestJS's does.
    ///
    /// # Cancel safety
    ///
    /// A dropped call loses the rest of the replies.
    pub async fn next(&mut self) -> Option<Reply> {
        Some(match self.answer.take()? {
            Answer::Many(items) => self.next_of(items).await,
            Answer::One(Ok(Some(item))) => Reply::Last(item),
            Answer::One(Ok(None)) | Answer::Silent => Reply::End,
            Answer::One(Err(error)) => Reply::Error(error),
            Answer::NoHandler => Reply::NoHandler,
        })
    }

    async fn next_of(&mut self, mut items: BoxStream<'static, Item>) -> Reply {
        let item = match self.held.take() {
            Some(held) => Some(held),
            None => poll_fn(|cx| items.as_mut().poll_next(cx)).await,
        };
        let item = match item {
            Some(Ok(item)) => item,
            Some(Err(error)) => return Reply::Error(error),
            None => return Reply::End,
        };
        match poll_fn(|cx| Poll::Ready(items.as_mut().poll_next(cx))).await {
            Poll::Ready(None) => return Reply::Last(item),
            Poll::Ready(held) => self.held = held,
            Poll::Pending => {}
        }
        self.answer = Some(Answer::Many(items));
        Reply::Item(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::task::Context;

    /// Gives its items one by one, `Pending` where there is a `None`.
    struct Script(Vec<Option<Item>>);

    impl futures_core::Stream for Script {
        type Item = Item;
        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
            if self.0.is_empty() {
                return Poll::Ready(None);
            }
            match self.0.remove(0) {
                Some(item) => Poll::Ready(Some(item)),
                None => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
            }
        }
    }

    async fn written(script: Vec<Option<Item>>) -> Vec<String> {
        let mut replies = Answer::Many(Box::pin(Script(script))).into_replies();
        let mut written = Vec::new();
        while let Some(reply) = replies.next().await {
            let text = reply.write(b"1", |parts| parts.concat());
            written.push(String::from_utf8(text).unwrap());
        }
        written
    }

    fn item(text: &'static str) -> Option<Item> {
        Some(Ok(Bytes::from(text)))
    }

    #[tokio::test]
    async fn the_last_item_carries_the_end_if_that_is_there() {
        assert_eq!(
            written(vec![item("1"), item("2"), None, item("3")]).await,
            [
                r#"{"response":1,"id":1}"#,
                r#"{"response":2,"id":1}"#,
                r#"{"response":3,"isDisposed":true,"id":1}"#
            ]
        );
        assert_eq!(
            written(vec![item("1"), None]).await,
            [r#"{"response":1,"id":1}"#, r#"{"isDisposed":true,"id":1}"#]
        );
        assert_eq!(written(vec![]).await, [r#"{"isDisposed":true,"id":1}"#]);
    }

    #[tokio::test]
    async fn an_error_is_the_end() {
        let late = || Some(Err(TransportError::new("late")));
        let error = r#"{"err":{"status":"error","message":"late"},"isDisposed":true,"id":1}"#;
        assert_eq!(written(vec![late(), item("1")]).await, [error]);
        assert_eq!(
            written(vec![item("1"), late()]).await,
            [r#"{"response":1,"id":1}"#, error]
        );
    }
}

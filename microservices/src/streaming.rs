//! What a handler answers with item by item. It runs after the handler: its
//! panics end here as well, and its error goes through the filters. Nothing
//! follows that.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::CatchUnwind;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::dispatch::{BoxFuture, BoxStream};
use nestrs_core::{Answer, TransportError};

use crate::panic::message_of;
use crate::remains::Remains;

type Item = Result<Bytes, TransportError>;

/// The items of one answer that are still to come.
pub(crate) struct Items {
    items: CatchUnwind<AssertUnwindSafe<BoxStream<'static, Item>>>,
    remains: Arc<Remains>,
}

impl Items {
    pub(crate) fn new(items: BoxStream<'static, Item>, remains: Remains) -> Self {
        Self {
            items: AssertUnwindSafe(items).catch_unwind(),
            remains: Arc::new(remains),
        }
    }

    /// The items, with errors as the caller may know them.
    pub(crate) fn masked(self) -> BoxStream<'static, Item> {
        let remains = Arc::clone(&self.remains);
        let mask = move |item: Item| item.map_err(|error| remains.mask(error));
        self.up_to_error().map(mask).boxed()
    }

    /// Runs to the end, where nobody waits for the items.
    pub(crate) fn run(self) -> BoxFuture<'static, Answer> {
        let remains = Arc::clone(&self.remains);
        let mut items = self.up_to_error().boxed();
        Box::pin(async move {
            while let Some(item) = items.next().await {
                if let Err(error) = item {
                    return remains.unheard(error);
                }
            }
            Answer::Silent
        })
    }

    fn up_to_error(self) -> impl Stream<Item = Item> + Send + 'static {
        stream::unfold(Some(self), async |items| {
            let Self { mut items, remains } = items?;
            match items.next().await? {
                Ok(Ok(item)) => Some((Ok(item), Some(Self { items, remains }))),
                Ok(Err(error)) => match remains.answer_for(error).await {
                    Answer::One(last) => Some((last.transpose()?, None)),
                    _ => None,
                },
                Err(panic) => Some((Err(remains.panicked(&message_of(&*panic))), None)),
            }
        })
    }
}

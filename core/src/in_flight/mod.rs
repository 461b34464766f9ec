//! The replies a client still waits for, by id. A waiter that is dropped
//! leaves nothing behind; a connection that ends leaves nobody waiting.
//!
//! This is where a message's path ends: the waiter wakes in `ClientProxy`.

mod call;
mod pending;

use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};

pub use call::Call;
pub use pending::{PendingReplies, PendingReply};

use crate::error::TransportError;
use crate::packet::ReplyPacket;
use pending::Place;

/// How many replies of one stream may wait to be taken before the stream ends
/// with an error: its reader is too slow and others share the connection.
pub const STREAM_BUFFER: usize = 16 * 1024;

type OneReply = Result<Option<Bytes>, TransportError>;
type StreamItem = Result<Bytes, TransportError>;

/// Requests without a reply yet. Clones share them.
///
/// ```
/// use bytes::Bytes;
/// use nestrs_core::in_flight::InFlight;
/// use nestrs_core::packet::ReplyPacket;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let in_flight = InFlight::default();
/// let waiting = in_flight.one()?;
/// let text = format!(r#"{{"response":6,"isDisposed":true,"id":"{}"}}"#, waiting.id());
/// let reply = ReplyPacket::parse(&Bytes::from(text)).expect("it is JSON");
/// assert!(in_flight.complete(waiting.id(), reply));
/// assert_eq!(waiting.await?.unwrap(), "6");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InFlight {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last_id: u64,
    waiting: FxHashMap<u64, Waiter>,
    failed: Option<TransportError>,
}

#[derive(Debug)]
enum Waiter {
    One(oneshot::Sender<OneReply>),
    Many {
        sender: mpsc::Sender<StreamItem>,
        /// Why the stream ended early. Beside the channel, which may be full.
        failure: Arc<OnceLock<TransportError>>,
    },
}

impl InFlight {
    /// A new request that waits for one reply. Of several it gets the first.
    ///
    /// # Errors
    ///
    /// After [`fail`](Self::fail), with its error.
    pub fn one(&self) -> Result<PendingReply, TransportError> {
        let (sender, reply) = oneshot::channel();
        let place = self.place(Waiter::One(sender))?;
        Ok(PendingReply::new(reply, place))
    }

    /// A new request that waits for any number of replies.
    ///
    /// # Errors
    ///
    /// After [`fail`](Self::fail), with its error.
    pub fn many(&self) -> Result<PendingReplies, TransportError> {
        let (sender, replies) = mpsc::channel(STREAM_BUFFER);
        let failure = Arc::new(OnceLock::new());
        let place = self.place(Waiter::Many {
            sender,
            failure: failure.clone(),
        })?;
        Ok(PendingReplies::new(replies, failure, place))
    }

    /// Gives a reply to who waits for it; false when nobody does, which is no
    /// error: a caller may have given up.
    pub fn complete(&self, id: u64, reply: ReplyPacket) -> bool {
        let mut state = self.lock();
        let Entry::Occupied(waiter) = state.waiting.entry(id) else {
            return false;
        };
        match waiter.get() {
            // Neither an item nor the end: NestJS 12 goes on waiting as well.
            Waiter::One(_) if !reply.is_last && reply.body == Ok(None) => {}
            Waiter::One(_) => {
                if let Waiter::One(sender) = waiter.remove() {
                    drop(state);
                    // The caller may be gone; then nobody misses the reply.
                    let _ = sender.send(reply.body);
                }
            }
            Waiter::Many { sender, failure } => {
                let mut is_last = reply.is_last;
                if let Some(item) = reply.body.transpose()
                    && let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(item)
                {
                    // `set` fails only if it was set before, and then it is said.
                    let _ = failure.set(too_slow());
                    is_last = true;
                }
                if is_last {
                    waiter.remove();
                }
            }
        }
        true
    }

    /// Ends every wait with `error`, and every later one.
    pub fn fail(&self, error: TransportError) {
        let waiting = {
            let mut state = self.lock();
            state.failed = Some(error.clone());
            std::mem::take(&mut state.waiting)
        };
        for waiter in waiting.into_values() {
            // Whoever is gone does not miss it.
            match waiter {
                Waiter::One(sender) => drop(sender.send(Err(error.clone()))),
                Waiter::Many { failure, .. } => drop(failure.set(error.clone())),
            }
        }
    }

    /// Whether the request of that number waits.
    pub fn is_waiting(&self, id: u64) -> bool {
        self.lock().waiting.contains_key(&id)
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn place(&self, waiter: Waiter) -> Result<Place, TransportError> {
        let mut state = self.lock();
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        state.last_id += 1;
        let id = state.last_id;
        state.waiting.insert(id, waiter);
        drop(state);
        Ok(Place::new(id, self.clone()))
    }

    fn leave(&self, id: u64) {
        self.lock().waiting.remove(&id);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn too_slow() -> TransportError {
    TransportError::of_kind(
        crate::ErrorKind::PayloadTooLarge,
        format!(
            "replies are read too slowly: {STREAM_BUFFER} waited unread, the rest is lost; read the stream faster or ask for less"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::Pin;

    use futures_core::Stream;

    fn reply(body: &'static str, is_last: bool) -> ReplyPacket {
        let body = Ok((!body.is_empty()).then(|| Bytes::from_static(body.as_bytes())));
        ReplyPacket {
            id: None,
            body,
            is_last,
        }
    }

    #[tokio::test]
    async fn replies_reach_their_own_waiters_in_any_order() {
        let in_flight = InFlight::default();
        let (a, b) = (in_flight.one().unwrap(), in_flight.one().unwrap());
        assert!(in_flight.complete(b.id(), reply("2", true)));
        assert!(in_flight.complete(a.id(), reply("1", true)));
        assert_eq!(a.await.unwrap().unwrap(), "1");
        assert_eq!(b.await.unwrap().unwrap(), "2");
        assert!(in_flight.is_empty());
    }

    #[tokio::test]
    async fn a_dropped_waiter_leaves_nothing_behind() {
        let in_flight = InFlight::default();
        let pending = in_flight.one().unwrap();
        let id = pending.id();
        assert!(in_flight.is_waiting(id));
        drop(pending);
        assert!(!in_flight.is_waiting(id));
        assert!(in_flight.is_empty());
        assert!(!in_flight.complete(id, reply("1", true)));
    }

    #[tokio::test]
    async fn a_failure_reaches_everybody_now_and_later() {
        let in_flight = InFlight::default();
        let (one, mut many) = (in_flight.one().unwrap(), in_flight.many().unwrap());
        in_flight.fail(TransportError::new("Connection closed"));
        assert_eq!(one.await.unwrap_err().message, "Connection closed");
        let item = poll_fn(|cx| Pin::new(&mut many).poll_next(cx)).await;
        assert_eq!(item.unwrap().unwrap_err().message, "Connection closed");
        assert!(in_flight.one().is_err());
    }

    #[tokio::test]
    async fn a_stream_that_is_read_too_slowly_says_so_after_what_it_got() {
        let in_flight = InFlight::default();
        let mut many = in_flight.many().unwrap();
        for _ in 0..=STREAM_BUFFER {
            in_flight.complete(many.id(), reply("1", false));
        }
        for _ in 0..STREAM_BUFFER {
            assert!(
                poll_fn(|cx| Pin::new(&mut many).poll_next(cx))
                    .await
                    .unwrap()
                    .is_ok()
            );
        }
        let end = poll_fn(|cx| Pin::new(&mut many).poll_next(cx))
            .await
            .unwrap();
        assert!(end.unwrap_err().message.contains("too slowly"));
        assert!(
            poll_fn(|cx| Pin::new(&mut many).poll_next(cx))
                .await
                .is_none()
        );
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_last_reply() {
        let in_flight = InFlight::default();
        let mut many = in_flight.many().unwrap();
        for (body, is_last) in [("1", false), ("2", true)] {
            in_flight.complete(many.id(), reply(body, is_last));
        }
        let mut items = Vec::new();
        while let Some(item) = poll_fn(|cx| Pin::new(&mut many).poll_next(cx)).await {
            items.push(item.unwrap());
        }
        assert_eq!(items, ["1", "2"]);
        assert!(in_flight.is_empty());
    }
}

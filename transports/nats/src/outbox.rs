//! [`Outbox`]: messages on their way to the driver. Each one that the driver is
//! given wakes it, and it writes what it has: of many tasks that give it one each,
//! every message would be a system call. So one task gives it what all of them have.

use std::cell::Cell;

use async_nats::Client;
use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use futures_util::FutureExt;
use futures_util::future::{Either, Ready, ready};
use nestrs_core::TransportError;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::in_flight::InFlight;
use nestrs_core::pace::Pace;
use nestrs_core::packet::ReplyPacket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{AbortHandle, unconstrained};

use crate::failure::not_published;

/// How many may wait before those who have more wait too.
const ROOM: usize = 1_024;
/// How many are handed over before what has to be written is waited for.
const BATCH: usize = 64;
/// So many at a time are quicker without.
const FEW: usize = 2;

thread_local! {
    static IN_TURN: Cell<bool> = const { Cell::new(false) };
}

/// Runs all of `turn` before the driver can have its own: what is pushed meanwhile is
/// written together, and needs nobody to collect it.
pub(crate) fn in_one_turn<T>(turn: impl FnOnce() -> T) -> T {
    let before = IN_TURN.replace(true);
    let outcome = turn();
    IN_TURN.set(before);
    outcome
}

/// Who is told what becomes of a message.
pub(crate) enum Receipt {
    /// A call, if it could not be sent.
    Call { number: u64, in_flight: InFlight },
    /// Who waits until it is written.
    Written(oneshot::Sender<Result<(), TransportError>>),
    /// Nobody.
    Nobody,
}

struct Item {
    /// None: only what was there before it is to be written.
    message: Option<OutboundMessage>,
    receipt: Receipt,
}

/// A message on its way into the outbox, where it is at once nearly always: whoever
/// waits for it need not be larger for that.
///
/// # Cancel safety
///
/// If it is dropped before it is done there is nothing of it here.
pub(crate) type Pushed<'a> =
    Either<Ready<Result<(), TransportError>>, BoxFuture<'a, Result<(), TransportError>>>;

pub(crate) struct Outbox {
    driver: Client,
    queue: mpsc::Sender<Item>,
    task: AbortHandle,
}

impl Outbox {
    pub(crate) fn of(driver: Client) -> Self {
        let (queue, queued) = mpsc::channel(ROOM);
        let task = tokio::spawn(hand_over(queued, driver.clone()));
        Self {
            driver,
            queue,
            task: task.abort_handle(),
        }
    }

    /// Takes a message once there is room, which is one `of` so many at a time.
    pub(crate) fn push(&self, message: OutboundMessage, receipt: Receipt, of: usize) -> Pushed<'_> {
        if of <= FEW || IN_TURN.get() {
            // Of many in one turn the last have a place too.
            let publishing = unconstrained(self.driver.publish_message(message.clone()));
            return match publishing.now_or_never() {
                Some(published) => Either::Left(ready(
                    published.map_err(|error| not_published(&message.subject, &error)),
                )),
                // It has no room, and nothing of this.
                None => Either::Right(Box::pin(publish(&self.driver, message))),
            };
        }
        let message = Some(message);
        self.queue(Item { message, receipt })
    }

    /// Takes a message behind all that are here, and nobody is told what becomes of it.
    pub(crate) fn push_last(&self, message: OutboundMessage) -> Pushed<'_> {
        let (message, receipt) = (Some(message), Receipt::Nobody);
        self.queue(Item { message, receipt })
    }

    /// Takes a message, and waits until it is written.
    pub(crate) async fn write(&self, message: OutboundMessage) -> Result<(), TransportError> {
        self.written(Some(message)).await
    }

    /// Waits until all is written that is here.
    pub(crate) async fn flush(&self) -> Result<(), TransportError> {
        self.written(None).await
    }

    /// Ends it; what is here is lost.
    pub(crate) fn close(&self) {
        self.task.abort();
    }

    async fn written(&self, message: Option<OutboundMessage>) -> Result<(), TransportError> {
        let (receipt, written) = oneshot::channel();
        let receipt = Receipt::Written(receipt);
        self.queue(Item { message, receipt }).await?;
        let closed = |_| Err(TransportError::connection_closed());
        written.await.unwrap_or_else(closed)
    }

    fn queue(&self, item: Item) -> Pushed<'_> {
        let closed = || TransportError::connection_closed();
        match self.queue.try_send(item) {
            Ok(()) => Either::Left(ready(Ok(()))),
            Err(TrySendError::Closed(_)) => Either::Left(ready(Err(closed()))),
            Err(TrySendError::Full(item)) => Either::Right(Box::pin(async move {
                let queued = self.queue.send(item).await;
                queued.map_err(|_| closed())
            })),
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.close();
    }
}

async fn hand_over(mut queued: mpsc::Receiver<Item>, driver: Client) {
    let mut pace = Pace::default();
    let mut batch = Vec::with_capacity(BATCH);
    let mut to_be_written = Vec::new();
    while pace.next(queued.recv_many(&mut batch, BATCH)).await > 0 {
        pace.did(batch.len());
        for Item { message, receipt } in batch.drain(..) {
            let failed = match message {
                Some(message) => publish(&driver, message).await.err(),
                None => None,
            };
            match receipt {
                Receipt::Written(waiter) => to_be_written.push((waiter, failed)),
                Receipt::Call { number, in_flight } => {
                    if let Some(error) = failed {
                        let reply = ReplyPacket {
                            id: None,
                            body: Err(error),
                            is_last: true,
                        };
                        in_flight.complete(number, reply);
                    }
                }
                Receipt::Nobody => {}
            }
        }
        if !to_be_written.is_empty() {
            let written = driver.flush().await;
            for (waiter, failed) in to_be_written.drain(..) {
                let outcome = match (failed, &written) {
                    (Some(error), _) => Err(error),
                    (None, Ok(())) => Ok(()),
                    (None, Err(_)) => Err(TransportError::connection_closed()),
                };
                // Whoever is gone does not miss it.
                let _ = waiter.send(outcome);
            }
        }
    }
}

async fn publish(driver: &Client, message: OutboundMessage) -> Result<(), TransportError> {
    let subject = message.subject.clone();
    let published = driver.publish_message(message).await;
    published.map_err(|error| not_published(&subject, &error))
}

//! [`Outbox`]: messages on their way to the driver. Each one that the driver is
//! given wakes it, and it writes what it has: of many tasks that give it one each,
//! every message would be a system call. So one task gives it what all of them have.

use async_nats::Client;
use async_nats::client::traits::Publisher;
use async_nats::message::OutboundMessage;
use nestrs_core::TransportError;
use nestrs_core::in_flight::InFlight;
use nestrs_core::pace::Pace;
use nestrs_core::packet::ReplyPacket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::failure::not_published;

/// How many may wait before those who have more wait too.
const ROOM: usize = 1_024;
/// How many are handed over before what has to be written is waited for.
const BATCH: usize = 64;
/// So many at a time are quicker without.
const FEW: usize = 2;

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
    ///
    /// # Cancel safety
    ///
    /// A dropped call has left nothing here.
    pub(crate) async fn push(
        &self,
        message: OutboundMessage,
        receipt: Receipt,
        of: usize,
    ) -> Result<(), TransportError> {
        if of <= FEW {
            return publish(&self.driver, message).await;
        }
        let message = Some(message);
        self.queue(Item { message, receipt }).await
    }

    /// Takes a message behind all that are here, and nobody is told what becomes of it.
    pub(crate) async fn push_last(&self, message: OutboundMessage) -> Result<(), TransportError> {
        let (message, receipt) = (Some(message), Receipt::Nobody);
        self.queue(Item { message, receipt }).await
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

    async fn queue(&self, item: Item) -> Result<(), TransportError> {
        let closed = || TransportError::connection_closed();
        match self.queue.try_send(item) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(_)) => Err(closed()),
            // There is room nearly always: a task need not be larger for the wait.
            Err(TrySendError::Full(item)) => {
                let queued = Box::pin(self.queue.send(item)).await;
                queued.map_err(|_| closed())
            }
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

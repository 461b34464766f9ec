//! Calls that have no reply yet.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use load::{Ask, Failure, Note, Number};
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use crate::packet::{self, Reply};

#[derive(Default)]
pub(crate) struct Waiting {
    last: AtomicU64,
    slots: Mutex<HashMap<u64, Slot>>,
}

/// What somebody waits for.
enum Slot {
    Note(oneshot::Sender<Note>),
    Number(oneshot::Sender<Number>),
    Numbers(mpsc::UnboundedSender<Number>),
}

impl Waiting {
    /// Waits for a note; `send` gets the packet.
    pub(crate) async fn note(
        &self,
        note: &Note,
        send: impl AsyncFnOnce(Vec<u8>) -> Result<(), Failure>,
    ) -> Result<Note, Failure> {
        let (sender, reply) = oneshot::channel();
        send(self.packet("echo", note, Slot::Note(sender))?).await?;
        Ok(reply.await?)
    }

    pub(crate) async fn seen(
        &self,
        send: impl AsyncFnOnce(Vec<u8>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let (sender, reply) = oneshot::channel();
        send(self.packet("seen", (), Slot::Number(sender))?).await?;
        Ok(reply.await?.number)
    }

    pub(crate) async fn stream(
        &self,
        numbers: u64,
        send: impl AsyncFnOnce(Vec<u8>) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let (sender, mut replies) = mpsc::unbounded_channel();
        send(self.packet("stream", Ask { numbers }, Slot::Numbers(sender))?).await?;
        let mut came = 0;
        while replies.recv().await.is_some() {
            came += 1;
        }
        Ok(came)
    }

    fn packet(&self, pattern: &str, data: impl Serialize, slot: Slot) -> Result<Vec<u8>, Failure> {
        let id = self.last.fetch_add(1, Ordering::Relaxed);
        let packet = packet::request(pattern, data, id)?;
        self.slots().insert(id, slot);
        Ok(packet)
    }

    /// Gives a reply to who waits for it.
    pub(crate) fn complete(&self, packet: &[u8]) -> Result<(), Failure> {
        let reply: Reply<'_> = serde_json::from_slice(packet)?;
        if let Some(error) = reply.err {
            return Err(Failure::new(error.get()));
        }
        let id = reply.id.parse()?;
        let response = reply.response.map_or("null", |response| response.get());
        let mut slots = self.slots();
        if let Some(Slot::Numbers(numbers)) = slots.get(&id) {
            let _ = numbers.send(serde_json::from_str(response)?);
            if reply.is_disposed {
                slots.remove(&id);
            }
            return Ok(());
        }
        let slot = slots.remove(&id);
        drop(slots);
        match slot {
            Some(Slot::Note(waiting)) => drop(waiting.send(serde_json::from_str(response)?)),
            Some(Slot::Number(waiting)) => drop(waiting.send(serde_json::from_str(response)?)),
            _ => return Err(Failure::new("a reply to nobody")),
        }
        Ok(())
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

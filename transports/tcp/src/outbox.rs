//! The writing half of a connection: whoever has something to send appends it
//! here, and one task writes it all in as few calls as it takes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nestrs_core::framing::write_frame;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;

/// With more than this unwritten there is no [`room`](Outbox::room).
const HIGH_WATER: usize = 256 * 1024;
/// A buffer that grew beyond this is given back once it is empty.
const KEEP_CAPACITY: usize = 1024 * 1024;

/// Nothing can be sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Closed;

pub(crate) struct Outbox {
    state: Mutex<State>,
    /// In bytes; more than this unwritten closes the connection.
    limit: usize,
    /// For the writer: there is something to do.
    work: Notify,
    /// For those who wait for room or for a flush: some of it is done.
    progress: Notify,
}

#[derive(Default)]
struct State {
    unwritten: Vec<u8>,
    /// Frames in `unwritten`.
    frames: usize,
    /// Bytes ever appended and ever written.
    pushed: u64,
    written: u64,
    /// Replies that may still come.
    promised: usize,
    phase: Phase,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// Ends once everything promised has come and is written.
    Finishing,
    /// Ends once what is here is written.
    Flushing,
    Closed,
}

impl State {
    fn waiting(&self) -> u64 {
        self.pushed - self.written
    }

    fn is_done(&self) -> bool {
        match self.phase {
            Phase::Open => false,
            Phase::Finishing => self.promised == 0,
            Phase::Flushing | Phase::Closed => true,
        }
    }
}

/// A reply that is to come; the connection stays open for it.
pub(crate) struct Promise(Arc<Outbox>);

impl std::ops::Deref for Promise {
    type Target = Outbox;
    fn deref(&self) -> &Outbox {
        &self.0
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.promised -= 1;
        if state.is_done() {
            drop(state);
            self.0.work.notify_one();
        }
    }
}

impl Outbox {
    pub(crate) fn new(max_send_buffer_size: usize) -> Arc<Self> {
        let limit = if max_send_buffer_size == 0 {
            usize::MAX
        } else {
            max_send_buffer_size
        };
        Arc::new(Self {
            state: Mutex::default(),
            limit,
            work: Notify::new(),
            progress: Notify::new(),
        })
    }

    pub(crate) fn promise(self: &Arc<Self>) -> Promise {
        self.lock().promised += 1;
        Promise(self.clone())
    }

    /// Appends a frame of JSON `parts`; returns the place it ends at, for
    /// [`flushed`](Self::flushed).
    pub(crate) fn push(&self, parts: &[&[u8]]) -> Result<u64, Closed> {
        let mut state = self.lock();
        if matches!(state.phase, Phase::Closed | Phase::Flushing) {
            return Err(Closed);
        }
        let before = state.unwritten.len();
        write_frame(&mut state.unwritten, parts);
        state.frames += 1;
        state.pushed += (state.unwritten.len() - before) as u64;
        if state.waiting() > self.limit as u64 {
            tracing::warn!(
                waiting = state.waiting(),
                limit = self.limit,
                "the peer does not read what it is sent: connection closed"
            );
            drop(state);
            self.close();
            return Err(Closed);
        }
        let end = state.pushed;
        drop(state);
        if before == 0 {
            self.work.notify_one();
        }
        Ok(end)
    }

    /// Waits until not too much is unwritten.
    pub(crate) async fn room(&self) -> Result<(), Closed> {
        self.until(|state| state.waiting() <= HIGH_WATER as u64)
            .await
    }

    /// Waits until everything up to `end` is written.
    pub(crate) async fn flushed(&self, end: u64) -> Result<(), Closed> {
        self.until(|state| state.written >= end).await
    }

    /// No more than what is promised will be appended.
    pub(crate) fn finish(&self) {
        self.enter(Phase::Finishing);
    }

    /// Nothing more will be appended; what is promised is not waited for.
    pub(crate) fn flush_and_close(&self) {
        self.enter(Phase::Flushing);
    }

    /// Nothing more will be appended or written.
    pub(crate) fn close(&self) {
        self.enter(Phase::Closed);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// Writes until it is [done](State::is_done), or the peer is gone.
    pub(crate) async fn write_to<W: AsyncWrite + Unpin>(&self, mut writer: W) -> io::Result<()> {
        let written = self.write_batches(&mut writer).await;
        self.close();
        if written.is_ok() {
            writer.shutdown().await
        } else {
            written
        }
    }

    async fn write_batches<W: AsyncWrite + Unpin>(&self, writer: &mut W) -> io::Result<()> {
        let mut batch = Vec::new();
        // Whether the last batch was of several frames. Where one call waits
        // for the other, there is nobody to let go first.
        let mut busy = false;
        loop {
            {
                let mut state = self.lock();
                match state.phase {
                    Phase::Closed => return Err(io::ErrorKind::ConnectionAborted.into()),
                    _ if state.unwritten.is_empty() && state.is_done() => return Ok(()),
                    _ => std::mem::swap(&mut batch, &mut state.unwritten),
                }
                if !batch.is_empty() {
                    busy = std::mem::take(&mut state.frames) > 1;
                }
            }
            if batch.is_empty() {
                self.work.notified().await;
                if busy {
                    // Whoever else is about to send gets to do so first: one
                    // write for all costs little more than one for the first.
                    tokio::task::yield_now().await;
                }
                continue;
            }
            let mut at = 0;
            while at < batch.len() {
                let count = tokio::select! {
                    count = writer.write(&batch[at..]) => count?,
                    () = self.closed() => return Err(io::ErrorKind::ConnectionAborted.into()),
                };
                if count == 0 {
                    return Err(io::ErrorKind::WriteZero.into());
                }
                at += count;
                self.lock().written += count as u64;
                self.progress.notify_waiters();
            }
            writer.flush().await?;
            batch.clear();
            batch.shrink_to(KEEP_CAPACITY);
        }
    }

    /// Waits until the peer is given up.
    async fn closed(&self) {
        // `until` never holds here, so it ends with the close.
        let _ = self.until(|_| false).await;
    }

    async fn until(&self, holds: impl Fn(&State) -> bool) -> Result<(), Closed> {
        loop {
            let progress = self.progress.notified();
            {
                let state = self.lock();
                if holds(&state) {
                    return Ok(());
                }
                if state.phase == Phase::Closed {
                    return Err(Closed);
                }
            }
            progress.await;
        }
    }

    fn enter(&self, phase: Phase) {
        {
            let mut state = self.lock();
            if state.phase == Phase::Closed {
                return;
            }
            state.phase = phase;
        }
        self.work.notify_one();
        self.progress.notify_waiters();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    #[tokio::test]
    async fn stays_open_for_what_is_promised() {
        let outbox = Outbox::new(0);
        let (ours, mut theirs) = tokio::io::duplex(64);
        let writer = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.write_to(ours).await }
        });
        let promise = outbox.promise();
        outbox.push(&[b"1"]).unwrap();
        outbox.finish();
        promise.push(&[b"22"]).unwrap();
        drop(promise);
        let mut all = String::new();
        theirs.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "1#12#22");
        writer.await.unwrap().unwrap();
        assert_eq!(outbox.push(&[b"3"]), Err(Closed));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_costs_no_more_than_the_limit() {
        let outbox = Outbox::new(1_000);
        let (ours, _theirs) = tokio::io::duplex(16);
        let writer = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.write_to(ours).await }
        });
        let mut sent = 0;
        while outbox.push(&[&[b'x'; 100]]).is_ok() {
            sent += 1;
            assert!(sent < 20);
        }
        writer.await.unwrap().unwrap_err();
    }

    #[tokio::test]
    async fn room_and_flush_wait_for_the_peer() {
        let outbox = Outbox::new(0);
        let end = outbox.push(&[&vec![b'x'; HIGH_WATER * 2]]).unwrap();
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let writer = tokio::spawn({
            let outbox = outbox.clone();
            async move { outbox.write_to(ours).await }
        });
        let waits = tokio::spawn({
            let outbox = outbox.clone();
            async move {
                outbox.room().await.unwrap();
                outbox.flushed(end).await.unwrap();
            }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        tokio::spawn(async move { tokio::io::copy(&mut theirs, &mut tokio::io::sink()).await });
        waits.await.unwrap();
        outbox.close();
        writer.await.unwrap().unwrap_err();
    }
}

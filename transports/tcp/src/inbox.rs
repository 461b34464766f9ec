//! What a peer sends to a server, message by message.
//!
//! A server that is full takes nothing in, but goes on reading a little: what
//! is called off makes room, and who calls it off comes behind what waits.
//!
//! The next file on a message's path is [`nestrs_core::framing`].

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use nestrs_core::packet::Packet;
use tokio::io::AsyncRead;

use crate::frames::{Frames, ReadError};
use crate::outbox::{Closed, Outbox};
use crate::peer::{Peer, Received};

/// What a connection may have waiting here while the server is full, in bytes.
/// Beyond that the peer has to wait, and nobody is heard.
const AHEAD: usize = 256 * 1024;

/// Why a connection is not read any further.
pub(crate) enum ReadEnd {
    /// The peer has nothing more to say.
    Eof,
    /// This server is stopping.
    Stopping,
    /// What the peer said makes no sense, or it is gone.
    Failed(ReadError),
}

impl From<ReadError> for ReadEnd {
    fn from(error: ReadError) -> Self {
        Self::Failed(error)
    }
}

pub(crate) struct Inbox<'a, R> {
    frames: &'a mut Frames<R>,
    outbox: Arc<Outbox>,
    peer: Peer,
    /// Read, but not asked for yet.
    ahead: VecDeque<Received>,
    /// What those cost, in bytes.
    cost: usize,
    /// What comes behind them, if it is the end.
    end: Option<ReadEnd>,
}

impl<'a, R: AsyncRead + Unpin> Inbox<'a, R> {
    pub(crate) fn new(frames: &'a mut Frames<R>, outbox: &Arc<Outbox>, peer: Peer) -> Self {
        Self {
            frames,
            outbox: Arc::clone(outbox),
            peer,
            ahead: VecDeque::new(),
            cost: 0,
            end: None,
        }
    }

    /// The next message that has already arrived.
    pub(crate) fn arrived(&mut self) -> Result<Option<Received>, ReadEnd> {
        if let Some(received) = self.ahead.pop_front() {
            self.cost -= received.cost();
            return Ok(Some(received));
        }
        match self.end.take() {
            Some(end) => Err(end),
            None => Ok(self.decode()?),
        }
    }

    /// Waits for more to arrive.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: what was read is kept.
    pub(crate) async fn read(&mut self) -> Result<(), ReadEnd> {
        // A peer that does not take our replies is not read from.
        match self.outbox.room().await {
            Ok(()) => self.read_some().await,
            Err(Closed) => Err(ReadEnd::Eof),
        }
    }

    /// Hears who calls a request off, for as long as it is waited for.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: what was read is kept.
    pub(crate) async fn look_ahead(&mut self) -> Infallible {
        while self.end.is_none() && self.cost < AHEAD {
            let ended = match self.decode() {
                Ok(Some(mut received)) => {
                    received.has_waited = true;
                    self.cost += received.cost();
                    self.ahead.push_back(received);
                    continue;
                }
                Ok(None) => self.read_some().await,
                Err(error) => Err(error.into()),
            };
            self.end = ended.err();
        }
        pending().await
    }

    fn decode(&mut self) -> Result<Option<Received>, ReadError> {
        while let Some(frame) = self.frames.arrived()? {
            let packet = Packet::parse(&frame).map_err(ReadError::Json)?;
            if let Some(received) = self.peer.receive(packet, &self.outbox) {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    async fn read_some(&mut self) -> Result<(), ReadEnd> {
        match self.frames.read().await? {
            true => Ok(()),
            false => Err(ReadEnd::Eof),
        }
    }
}

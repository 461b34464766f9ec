//! The reading half of a connection: bytes in, frames out.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use nestrs_core::framing::{FrameDecoder, FrameError};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::TcpLimits;

/// How much room a read is given.
const READ_SIZE: usize = 16 * 1024;

/// Why a connection can not be read any further.
#[derive(Debug)]
pub(crate) enum ReadError {
    Io(io::Error),
    Frame(FrameError),
    Json(serde_json::Error),
    Incomplete(Duration),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Frame(error) => error.fmt(f),
            Self::Json(error) => write!(f, "could not parse JSON: {error}"),
            Self::Incomplete(limit) => {
                write!(f, "nothing arrived for {limit:?} in the middle of a packet")
            }
        }
    }
}

pub(crate) struct Frames<R> {
    reader: R,
    buffer: BytesMut,
    decoder: FrameDecoder,
    incomplete_message_timeout: Duration,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(reader: R, limits: &TcpLimits) -> Self {
        Self {
            reader,
            buffer: BytesMut::new(),
            decoder: FrameDecoder::new(limits.max_buffer_size),
            incomplete_message_timeout: limits.incomplete_message_timeout,
        }
    }

    /// The next frame that has already arrived.
    pub(crate) fn arrived(&mut self) -> Result<Option<Bytes>, ReadError> {
        self.decoder
            .decode(&mut self.buffer)
            .map_err(ReadError::Frame)
    }

    /// Waits for more to arrive; false when nothing will.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: what was read is kept.
    pub(crate) async fn read(&mut self) -> Result<bool, ReadError> {
        let in_frame = self.decoder.in_frame(&self.buffer);
        self.buffer.reserve(READ_SIZE);
        let read = self.reader.read_buf(&mut self.buffer);
        let limit = self.incomplete_message_timeout;
        let count = if in_frame && !limit.is_zero() {
            tokio::time::timeout(limit, read)
                .await
                .map_err(|_| ReadError::Incomplete(limit))?
        } else {
            read.await
        };
        Ok(count.map_err(ReadError::Io)? > 0)
    }

    /// The next frame, or `None` after the last.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time: what was read is kept.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        loop {
            if let Some(frame) = self.arrived()? {
                return Ok(Some(frame));
            }
            if !self.read().await? {
                return Ok(None);
            }
        }
    }

    /// Reads and forgets until the peer closes. Closing a socket that has
    /// unread bytes resets the connection, and a reset takes from the peer what
    /// it has not read yet: our last replies.
    pub(crate) async fn discard_rest(&mut self) {
        loop {
            self.buffer.clear();
            self.buffer.reserve(READ_SIZE);
            match self.reader.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }
}

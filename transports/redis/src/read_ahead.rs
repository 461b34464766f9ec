//! How far the driver may read ahead of what is taken in. It keeps what it has
//! read in memory without a limit of its own, so the limit is here: beneath it,
//! where it reads, and above it, where messages are taken out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::task::AtomicWaker;
use redis::Msg;
use redis::aio::PubSubStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::Socket;

/// How many bytes may be read while a message that was read is not taken yet.
const LIMIT: usize = 256 * 1024;

/// What both ends know. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct ReadAhead(Arc<State>);

#[derive(Default)]
struct State {
    /// Whether a message was taken and the next was not asked for yet.
    is_busy: AtomicBool,
    /// Read since that message.
    read: AtomicUsize,
    reader: AtomicWaker,
}

impl ReadAhead {
    /// Whether nothing is read at the moment.
    pub(crate) fn is_full(&self) -> bool {
        self.0.is_busy.load(Ordering::Acquire) && self.0.read.load(Ordering::Acquire) > LIMIT
    }

    pub(crate) fn limit(&self, socket: Socket) -> Limited {
        Limited {
            socket,
            ahead: self.clone(),
        }
    }

    fn busy(&self) {
        self.0.is_busy.store(true, Ordering::Release);
    }

    fn idle(&self) {
        if self.0.is_busy.swap(false, Ordering::AcqRel) {
            self.0.read.store(0, Ordering::Release);
            self.0.reader.wake();
        }
    }
}

/// A socket that is not read any further while it is too far ahead.
pub(crate) struct Limited {
    socket: Socket,
    ahead: ReadAhead,
}

impl AsyncRead for Limited {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_full() {
            self.ahead.0.reader.register(cx.waker());
            // It may have been taken between the two.
            if self.ahead.is_full() {
                return Poll::Pending;
            }
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        let count = buf.filled().len() - before;
        self.ahead.0.read.fetch_add(count, Ordering::AcqRel);
        read
    }
}

impl AsyncWrite for Limited {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The messages that were read.
pub(crate) struct Incoming {
    pub(crate) messages: PubSubStream,
    pub(crate) ahead: ReadAhead,
}

impl Incoming {
    /// The next message, `None` once the connection is lost.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub(crate) async fn next(&mut self) -> Option<Msg> {
        let next = std::future::poll_fn(|cx| {
            let next = self.messages.poll_next_unpin(cx);
            match next {
                Poll::Ready(_) => self.ahead.busy(),
                Poll::Pending => self.ahead.idle(),
            }
            next
        });
        // A task whose budget is used up would take that for an empty queue.
        tokio::task::unconstrained(next).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn nothing_is_read_while_a_message_is_not_taken() {
        let (mut peer, socket) = tokio::io::duplex(8 * LIMIT);
        let ahead = ReadAhead::default();
        let mut limited = ahead.limit(Box::new(socket));
        peer.write_all(&vec![0; 3 * LIMIT]).await.unwrap();
        ahead.busy();
        let mut buf = vec![0; 3 * LIMIT];
        let mut filled = 0;
        let read = async {
            loop {
                let end = (filled + LIMIT / 2).min(buf.len());
                filled += limited.read(&mut buf[filled..end]).await.unwrap();
            }
        };
        tokio::select! {
            biased;
            () = read => {}
            () = tokio::task::yield_now() => {}
        }
        assert!(filled > LIMIT && filled < 2 * LIMIT, "{filled}");
        assert!(ahead.is_full());
        ahead.idle();
        limited.read_exact(&mut buf[filled..]).await.unwrap();
    }
}

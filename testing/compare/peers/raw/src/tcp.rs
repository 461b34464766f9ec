//! `<length>#<packet>` both ways, and whatever is there to be written in one call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BytesMut};
use load::{Caller, Failure, Note, Seen};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::packet;
use crate::waiting::Waiting;

pub(crate) async fn serve(address: &str) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let seen = Arc::new(Seen::default());
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, seen.clone()));
        }
    });
    load::serve(address).await
}

async fn connection(stream: TcpStream, seen: Arc<Seen>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let (mut reader, mut writer) = stream.into_split();
    let (mut buffer, mut replies) = (BytesMut::new(), Vec::new());
    while reader.read_buf(&mut buffer).await? > 0 {
        while let Some(packet) = next(&mut buffer)? {
            packet::answer(&packet, &seen, |reply| frame(&mut replies, reply))?;
        }
        if !replies.is_empty() {
            writer.write_all(&replies).await?;
            replies.clear();
        }
    }
    Ok(())
}

pub(crate) struct Client {
    waiting: Arc<Waiting>,
    outbox: Arc<Outbox>,
}

#[derive(Default)]
struct Outbox {
    unwritten: Mutex<Vec<u8>>,
    packets: AtomicUsize,
    more: Notify,
}

pub(crate) async fn connect(address: &str) -> Result<Client, Failure> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let (waiting, outbox) = (Arc::<Waiting>::default(), Arc::<Outbox>::default());
    tokio::spawn(read(reader, waiting.clone()));
    tokio::spawn(write(writer, outbox.clone()));
    Ok(Client { waiting, outbox })
}

async fn read(mut reader: OwnedReadHalf, waiting: Arc<Waiting>) -> Result<(), Failure> {
    let mut buffer = BytesMut::new();
    while reader.read_buf(&mut buffer).await? > 0 {
        while let Some(packet) = next(&mut buffer)? {
            waiting.complete(&packet)?;
        }
    }
    Ok(())
}

async fn write(mut writer: OwnedWriteHalf, outbox: Arc<Outbox>) -> Result<(), Failure> {
    let mut writing = Vec::new();
    // Whether the last one was of several packets: then whoever else is about to send gets to do so first.
    let mut busy = false;
    loop {
        outbox.more.notified().await;
        if busy {
            tokio::task::yield_now().await;
        }
        std::mem::swap(&mut writing, &mut *outbox.lock());
        busy = outbox.packets.swap(0, Ordering::Relaxed) > 1;
        writer.write_all(&writing).await?;
        writing.clear();
    }
}

impl Outbox {
    fn push(&self, packet: &[u8]) {
        let mut unwritten = self.lock();
        let is_first = unwritten.is_empty();
        frame(&mut unwritten, packet);
        drop(unwritten);
        self.packets.fetch_add(1, Ordering::Relaxed);
        if is_first {
            self.more.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.unwritten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    async fn push(&self, packet: Vec<u8>) -> Result<(), Failure> {
        self.outbox.push(&packet);
        Ok(())
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.waiting
            .note(note, async |packet| self.push(packet).await)
            .await
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.push(packet::event("note", note)?).await
    }

    async fn seen(&self) -> Result<u64, Failure> {
        self.waiting
            .seen(async |packet| self.push(packet).await)
            .await
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        self.waiting
            .stream(numbers, async |packet| self.push(packet).await)
            .await
    }
}

/// Lengths are of UTF-16, which for ASCII are those in bytes; nothing else is sent here.
fn frame(out: &mut Vec<u8>, packet: &[u8]) {
    out.extend_from_slice(packet.len().to_string().as_bytes());
    out.push(b'#');
    out.extend_from_slice(packet);
}

fn next(buffer: &mut BytesMut) -> Result<Option<BytesMut>, Failure> {
    let Some(at) = buffer.iter().position(|&byte| byte == b'#') else {
        return Ok(None);
    };
    let length: usize = std::str::from_utf8(&buffer[..at])?.parse()?;
    if buffer.len() < at + 1 + length {
        return Ok(None);
    }
    buffer.advance(at + 1);
    Ok(Some(buffer.split_to(length)))
}

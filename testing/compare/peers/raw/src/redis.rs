//! Redis: `PUBLISH <pattern>` and `PUBLISH <pattern>.reply`, many of them in one pipeline without waiting for the answers to those before.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use load::{Caller, Failure, Note, Seen};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::packet;
use crate::waiting::Waiting;

const REQUESTS: [&str; 3] = ["echo", "stream", "seen"];
/// How many are published together at most.
const BATCH: usize = 128;

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    let client = redis::Client::open(url)?;
    let outbox = outbox(client.get_multiplexed_async_connection().await?);
    let mut subscriber = client.get_async_pubsub().await?;
    subscriber
        .subscribe(&["echo", "stream", "seen", "note"])
        .await?;
    tokio::spawn(async move {
        let seen = Seen::default();
        let mut messages = subscriber.into_on_message();
        while let Some(message) = messages.next().await {
            let channel = format!("{}.reply", message.get_channel_name());
            let answered = packet::answer(message.get_payload_bytes(), &seen, |reply| {
                let _ = outbox.send(publish(&channel, reply));
            });
            if let Err(failure) = answered {
                eprintln!("{failure}");
            }
        }
    });
    load::serve(url).await
}

pub(crate) struct Client {
    waiting: Arc<Waiting>,
    outbox: UnboundedSender<Cmd>,
}

pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let client = redis::Client::open(url)?;
    let outbox = outbox(client.get_multiplexed_async_connection().await?);
    let mut subscriber = client.get_async_pubsub().await?;
    for pattern in REQUESTS {
        subscriber.subscribe(format!("{pattern}.reply")).await?;
    }
    let waiting = Arc::<Waiting>::default();
    let reading = waiting.clone();
    tokio::spawn(async move {
        let mut messages = subscriber.into_on_message();
        while let Some(message) = messages.next().await {
            if let Err(failure) = reading.complete(message.get_payload_bytes()) {
                eprintln!("{failure}");
            }
        }
    });
    Ok(Client { waiting, outbox })
}

fn publish(channel: &str, packet: &[u8]) -> Cmd {
    let mut command = redis::cmd("PUBLISH");
    command.arg(channel).arg(packet);
    command
}

/// Publishes whatever is there in one pipeline, in the order it came.
fn outbox(connection: MultiplexedConnection) -> UnboundedSender<Cmd> {
    let (sender, mut queued): (_, UnboundedReceiver<Cmd>) = unbounded_channel();
    tokio::spawn(async move {
        let mut batch = Vec::with_capacity(BATCH);
        let mut unanswered = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(answer) = unanswered.next(), if !unanswered.is_empty() => {
                    if let Err::<(), redis::RedisError>(error) = answer {
                        eprintln!("{error}");
                    }
                }
                count = queued.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return;
                    }
                    let mut pipeline = Pipeline::with_capacity(count);
                    for command in batch.drain(..) {
                        pipeline.add_command(command).ignore();
                    }
                    let mut connection = connection.clone();
                    unanswered.push(async move { pipeline.exec_async(&mut connection).await });
                }
            }
        }
    });
    sender
}

impl Client {
    async fn request(&self, pattern: &str, packet: Vec<u8>) -> Result<(), Failure> {
        Ok(self.outbox.send(publish(pattern, &packet))?)
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.waiting
            .note(note, async |packet| self.request("echo", packet).await)
            .await
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.request("note", packet::event("note", note)?).await
    }

    async fn seen(&self) -> Result<u64, Failure> {
        self.waiting
            .seen(async |packet| self.request("seen", packet).await)
            .await
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        self.waiting
            .stream(numbers, async |packet| self.request("stream", packet).await)
            .await
    }
}

//! NATS: subjects are patterns, replies come to the inbox of the driver's own requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_nats::{Client as Driver, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use load::{Caller, Failure, Note, Seen};

use crate::packet;
use crate::waiting::Waiting;

const PATTERNS: [&str; 4] = ["echo", "stream", "seen", "note"];

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    let driver = async_nats::connect(url).await?;
    let seen = Arc::<Seen>::default();
    for pattern in PATTERNS {
        let subscriber = driver.queue_subscribe(pattern, "raw".to_owned()).await?;
        tokio::spawn(handle(driver.clone(), subscriber, seen.clone()));
    }
    // The broker has what came before an answer to this.
    let own = driver.new_inbox();
    let mut back = driver.subscribe(own.clone()).await?;
    driver.publish(own, Bytes::new()).await?;
    back.next().await;
    load::serve(url).await
}

async fn handle(
    driver: Driver,
    mut subscriber: Subscriber,
    seen: Arc<Seen>,
) -> Result<(), Failure> {
    while let Some(message) = subscriber.next().await {
        let mut replies = Vec::new();
        packet::answer(&message.payload, &seen, |reply| {
            replies.push(Bytes::copy_from_slice(reply));
        })?;
        for reply in replies {
            if let Some(to) = &message.reply {
                driver.publish(to.clone(), reply).await?;
            }
        }
    }
    Ok(())
}

pub(crate) struct Client {
    driver: Driver,
    waiting: Arc<Waiting>,
    inbox: String,
    requests: AtomicU64,
}

/// All replies come to one subscription.
pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let driver = async_nats::connect(url).await?;
    let inbox = driver.new_inbox();
    let mut replies = driver.subscribe(format!("{inbox}.*")).await?;
    let waiting = Arc::<Waiting>::default();
    let reading = waiting.clone();
    tokio::spawn(async move {
        while let Some(message) = replies.next().await {
            if let Err(failure) = reading.complete(&message.payload) {
                eprintln!("{failure}");
            }
        }
    });
    driver.flush().await?;
    Ok(Client {
        driver,
        waiting,
        inbox,
        requests: AtomicU64::new(0),
    })
}

impl Client {
    async fn request(&self, pattern: &'static str, packet: Vec<u8>) -> Result<(), Failure> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let reply = format!("{}.{number}", self.inbox);
        Ok(self
            .driver
            .publish_with_reply(pattern, reply, packet.into())
            .await?)
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.waiting
            .note(note, async |packet| self.request("echo", packet).await)
            .await
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        let packet = packet::event("note", note)?;
        Ok(self.driver.publish("note", packet.into()).await?)
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

//! Kafka: one topic for requests and events, read in a consumer group, and one for replies, assigned to the client. As ours: confirmed by all
//! replicas, never twice, nothing waits to be sent with more, offsets are committed every 50 ms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use load::{Caller, Failure, Note, Seen};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tokio::sync::oneshot;

use crate::packet;
use crate::waiting::Waiting;

const REQUESTS: &str = "raw.requests";
const REPLIES: &str = "raw.replies";
const TURN: Duration = Duration::from_millis(100);

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    create_topics(url).await?;
    let producer = producer(url)?;
    let consumer = consumer(url)?;
    consumer.subscribe(&[REQUESTS])?;
    let (assigned, is_assigned) = oneshot::channel();
    let stop = Arc::<AtomicBool>::default();
    let is_stopped = stop.clone();
    let reading = thread::spawn(move || {
        let seen = Seen::default();
        let mut assigned = Some(assigned);
        while !is_stopped.load(Ordering::Relaxed) {
            let message = consumer.poll(TURN);
            let has_partition = consumer.assignment().is_ok_and(|all| all.count() > 0);
            if has_partition && let Some(assigned) = assigned.take() {
                let _ = assigned.send(());
            }
            if let Some(Ok(message)) = message {
                let packet = message.payload().unwrap_or_default();
                let answered = packet::answer(packet, &seen, |reply| {
                    let _ = producer.send_result(record(REPLIES, reply));
                });
                if let Err(failure) = answered {
                    eprintln!("{failure}");
                }
            }
        }
    });
    is_assigned.await?;
    load::serve(url).await?;
    // With the consumer it leaves its group, which the next server would wait for.
    stop.store(true, Ordering::Relaxed);
    let _ = reading.join();
    Ok(())
}

pub(crate) struct Client {
    waiting: Arc<Waiting>,
    producer: FutureProducer,
}

pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let consumer = consumer(url)?;
    let mut replies = TopicPartitionList::new();
    replies.add_partition_offset(REPLIES, 0, Offset::End)?;
    consumer.assign(&replies)?;
    let waiting = Arc::<Waiting>::default();
    let reading = waiting.clone();
    thread::spawn(move || {
        loop {
            if let Some(Ok(message)) = consumer.poll(TURN)
                && let Err(failure) = reading.complete(message.payload().unwrap_or_default())
            {
                eprintln!("{failure}");
            }
        }
    });
    let producer = producer(url)?;
    let client = Client { waiting, producer };
    // Where it reads from is known with the first reply; one that comes before that is not seen.
    while tokio::time::timeout(TURN * 5, client.seen()).await.is_err() {}
    Ok(client)
}

impl Client {
    async fn request(&self, packet: Vec<u8>) -> Result<(), Failure> {
        let sent = self.producer.send_result(record(REQUESTS, &packet));
        sent.map(drop).map_err(|(error, _)| error.into())
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.waiting
            .note(note, async |packet| self.request(packet).await)
            .await
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        let packet = packet::event("note", note)?;
        let sent = self.producer.send_result(record(REQUESTS, &packet));
        let confirmed = sent.map_err(|(error, _)| error)?.await?;
        confirmed.map(drop).map_err(|(error, _)| error.into())
    }

    async fn seen(&self) -> Result<u64, Failure> {
        self.waiting
            .seen(async |packet| self.request(packet).await)
            .await
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        self.waiting
            .stream(numbers, async |packet| self.request(packet).await)
            .await
    }
}

fn record<'a>(topic: &'a str, packet: &'a [u8]) -> FutureRecord<'a, (), [u8]> {
    FutureRecord::to(topic).payload(packet)
}

fn producer(url: &str) -> Result<FutureProducer, Failure> {
    let mut config = config(url);
    config
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "0");
    Ok(config.create()?)
}

fn consumer(url: &str) -> Result<BaseConsumer, Failure> {
    let mut config = config(url);
    config
        .set("group.id", "raw")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "100")
        .set("auto.commit.interval.ms", "50");
    Ok(config.create()?)
}

fn config(url: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", url);
    config
}

async fn create_topics(url: &str) -> Result<(), Failure> {
    let admin: AdminClient<DefaultClientContext> = config(url).create()?;
    let topics = [REQUESTS, REPLIES].map(|name| NewTopic::new(name, 1, TopicReplication::Fixed(1)));
    // They may be there.
    admin.create_topics(&topics, &AdminOptions::new()).await?;
    Ok(())
}

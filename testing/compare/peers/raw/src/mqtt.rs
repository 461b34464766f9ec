//! MQTT 3.1.1 with quality 0: a request's reply is published to `<topic>/reply`. The driver's settings are those of ours.

use std::sync::Arc;

use load::{Caller, Failure, Note, Seen};
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, SubscribeFilterInput,
};

use crate::packet;
use crate::waiting::Waiting;

const REQUESTS: [&str; 3] = ["echo", "stream", "seen"];
/// How many messages the driver writes before it flushes.
const BATCH: usize = 64;
const CAPACITY: usize = 256;
const LIMIT: u32 = 16 * 1024 * 1024;

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    let (client, mut events) = open(url, "raw-server")?;
    let topics = ["echo", "stream", "seen", "note"].map(|topic| format!("$share/raw/{topic}"));
    subscribe(&client, &mut events, &topics).await?;
    let seen = Arc::<Seen>::default();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            let Event::Incoming(Packet::Publish(message)) = event else {
                continue;
            };
            let (client, seen) = (client.clone(), seen.clone());
            // Nothing moves while who polls waits for room.
            tokio::spawn(async move {
                let mut replies = Vec::new();
                packet::answer(&message.payload, &seen, |reply| {
                    replies.push(reply.to_vec())
                })?;
                for reply in replies {
                    let topic = format!("{}/reply", String::from_utf8_lossy(&message.topic));
                    client
                        .publish(topic, reply, PublishOptions::new(QoS::AtMostOnce))
                        .await?;
                }
                Ok::<_, Failure>(())
            });
        }
    });
    load::serve(url).await
}

pub(crate) struct Client {
    waiting: Arc<Waiting>,
    driver: AsyncClient,
}

pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let (driver, mut events) = open(url, &format!("raw-client-{}", std::process::id()))?;
    let topics = REQUESTS.map(|topic| format!("{topic}/reply"));
    subscribe(&driver, &mut events, &topics).await?;
    let waiting = Arc::<Waiting>::default();
    let reading = waiting.clone();
    tokio::spawn(async move {
        while let Ok(event) = events.poll().await {
            if let Event::Incoming(Packet::Publish(message)) = event
                && let Err(failure) = reading.complete(&message.payload)
            {
                eprintln!("{failure}");
            }
        }
    });
    Ok(Client { waiting, driver })
}

impl Client {
    async fn publish(&self, topic: &str, packet: Vec<u8>) -> Result<(), Failure> {
        let options = PublishOptions::new(QoS::AtMostOnce);
        Ok(self.driver.publish(topic, packet, options).await?)
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.waiting
            .note(note, async |packet| self.publish("echo", packet).await)
            .await
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.publish("note", packet::event("note", note)?).await
    }

    async fn seen(&self) -> Result<u64, Failure> {
        self.waiting
            .seen(async |packet| self.publish("seen", packet).await)
            .await
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        self.waiting
            .stream(numbers, async |packet| self.publish("stream", packet).await)
            .await
    }

    async fn close(&self) {
        let _ = self.driver.disconnect().await;
    }
}

fn open(url: &str, id: &str) -> Result<(AsyncClient, EventLoop), Failure> {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let Some((host, port)) = address.split_once(':') else {
        return Err(Failure::new(format!("`{url}` names no port")));
    };
    let mut options = MqttOptions::new(id, (host.to_owned(), port.parse::<u16>()?));
    options
        .set_max_request_batch(BATCH)
        .set_max_packet_size(LIMIT as usize, LIMIT as usize);
    let (client, mut events) = AsyncClient::builder(options).capacity(CAPACITY).build();
    let mut network = events.network_options();
    network.set_tcp_nodelay(true);
    events.set_network_options(network);
    Ok((client, events))
}

/// Waits until the broker has confirmed it.
async fn subscribe(
    client: &AsyncClient,
    events: &mut EventLoop,
    topics: &[String],
) -> Result<(), Failure> {
    let filters = topics
        .iter()
        .map(|topic| SubscribeFilterInput::new(topic, QoS::AtMostOnce));
    client.subscribe_many(filters).await?;
    loop {
        if let Event::Incoming(Packet::SubAck(_)) = events.poll().await? {
            return Ok(());
        }
    }
}

//! Requests and events to a durable queue, replies by `amq.rabbitmq.reply-to`. As ours: requests are acknowledged each by itself, 256 are
//! delivered ahead, events are written to disk and confirmed.

use std::sync::Arc;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use load::{Caller, Failure, Note, Seen};

use crate::packet;
use crate::waiting::Waiting;

const REPLY_TO: &str = "amq.rabbitmq.reply-to";

pub(crate) async fn serve(url: &str, queue: &str) -> Result<(), Failure> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    declare(&channel, queue).await?;
    channel.basic_qos(256, BasicQosOptions::default()).await?;
    let consumer = consume(&channel, queue, false).await?;
    tokio::spawn(async move {
        if let Err(failure) = handle(consumer, channel).await {
            eprintln!("{failure}");
        }
    });
    load::serve(format!("{url}#{queue}")).await
}

async fn handle(mut consumer: Consumer, channel: Channel) -> Result<(), Failure> {
    let seen = Arc::new(Seen::default());
    while let Some(delivery) = consumer.next().await {
        let (delivery, channel, seen) = (delivery?, channel.clone(), seen.clone());
        tokio::spawn(async move {
            let mut replies = Vec::new();
            packet::answer(&delivery.data, &seen, |reply| {
                replies.push(reply.to_owned())
            })?;
            for reply in replies {
                let to = delivery.properties.reply_to().clone().unwrap_or_default();
                publish(&channel, to, &reply, BasicProperties::default()).await?;
            }
            delivery.ack(BasicAckOptions::default()).await?;
            Ok::<_, Failure>(())
        });
    }
    Ok(())
}

pub(crate) struct Client {
    waiting: Arc<Waiting>,
    connection: Connection,
    requests: Channel,
    events: Channel,
    queue: ShortString,
}

pub(crate) async fn connect(url: &str, queue: &str) -> Result<Client, Failure> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await?;
    let requests = connection.create_channel().await?;
    declare(&requests, queue).await?;
    let mut replies = consume(&requests, REPLY_TO, true).await?;
    let events = connection.create_channel().await?;
    events
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    let waiting = Arc::<Waiting>::default();
    let reading = waiting.clone();
    tokio::spawn(async move {
        while let Some(Ok(delivery)) = replies.next().await {
            if let Err(failure) = reading.complete(&delivery.data) {
                eprintln!("{failure}");
            }
        }
    });
    Ok(Client {
        waiting,
        connection,
        requests,
        events,
        queue: queue.into(),
    })
}

impl Client {
    async fn request(&self, packet: Vec<u8>) -> Result<(), Failure> {
        let properties = BasicProperties::default().with_reply_to(REPLY_TO.into());
        publish(&self.requests, self.queue.clone(), &packet, properties).await
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
        let properties = BasicProperties::default().with_delivery_mode(2);
        let options = BasicPublishOptions::default();
        let publish = self.events.basic_publish(
            ShortString::default(),
            self.queue.clone(),
            options,
            &packet,
            properties,
        );
        publish.await?.await?;
        Ok(())
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

    async fn close(&self) {
        let _ = self.connection.close(200, "done".into()).await;
    }
}

async fn declare(channel: &Channel, queue: &str) -> Result<(), Failure> {
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(queue.into(), options, FieldTable::default())
        .await?;
    Ok(())
}

async fn consume(channel: &Channel, queue: &str, no_ack: bool) -> Result<Consumer, Failure> {
    let options = BasicConsumeOptions {
        no_ack,
        ..BasicConsumeOptions::default()
    };
    let name = ShortString::default();
    Ok(channel
        .basic_consume(queue.into(), name, options, FieldTable::default())
        .await?)
}

async fn publish(
    channel: &Channel,
    to: ShortString,
    packet: &[u8],
    properties: BasicProperties,
) -> Result<(), Failure> {
    let options = BasicPublishOptions::default();
    channel
        .basic_publish(ShortString::default(), to, options, packet, properties)
        .await?;
    Ok(())
}

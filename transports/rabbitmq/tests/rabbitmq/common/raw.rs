//! A peer that speaks AMQP by hand.

use std::time::Duration;

use futures_util::StreamExt;
use nestrs_transport_rabbitmq::lapin::message::Delivery;
use nestrs_transport_rabbitmq::lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use nestrs_transport_rabbitmq::lapin::types::FieldTable;
use nestrs_transport_rabbitmq::lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind,
};

use super::{soon, url};

/// A peer that speaks AMQP by hand.
pub(crate) struct Raw {
    pub(crate) channel: Channel,
    _connection: Connection,
}

impl Raw {
    pub(crate) async fn connect() -> Self {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(url().await, properties).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        Self {
            channel,
            _connection: connection,
        }
    }

    /// A queue of the broker's name for it, consumed.
    pub(crate) async fn consume_new(&self) -> Consumer {
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare("".into(), options, FieldTable::default());
        let queue = queue.await.unwrap().name().clone();
        self.consume(queue.as_str()).await
    }

    pub(crate) async fn consume(&self, queue: &str) -> Consumer {
        let options = BasicConsumeOptions {
            no_ack: true,
            ..BasicConsumeOptions::default()
        };
        let consumer =
            self.channel
                .basic_consume(queue.into(), "".into(), options, FieldTable::default());
        consumer.await.unwrap()
    }

    pub(crate) async fn declare(&self, queue: &str) {
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        queue.await.unwrap();
    }

    /// An exchange, and a queue of the same name that is sent everything.
    pub(crate) async fn declare_fanout(&self, name: &str) {
        let arguments = FieldTable::default;
        let options = ExchangeDeclareOptions::default();
        let exchange =
            self.channel
                .exchange_declare(name.into(), ExchangeKind::Fanout, options, arguments());
        exchange.await.unwrap();
        self.declare(name).await;
        let options = QueueBindOptions::default();
        let bind =
            self.channel
                .queue_bind(name.into(), name.into(), "".into(), options, arguments());
        bind.await.unwrap();
    }

    pub(crate) async fn publish(
        &self,
        queue: &str,
        body: impl AsRef<[u8]>,
        properties: BasicProperties,
    ) {
        let options = BasicPublishOptions::default();
        let publish =
            self.channel
                .basic_publish("".into(), queue.into(), options, body.as_ref(), properties);
        publish.await.unwrap();
    }

    /// The next message of a queue, which has one soon.
    pub(crate) async fn get(&self, queue: &str) -> Delivery {
        let get = async {
            loop {
                let options = BasicGetOptions { no_ack: true };
                let got = self.channel.basic_get(queue.into(), options).await.unwrap();
                match got {
                    Some(message) => return message.delivery,
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        soon(&format!("{queue} has a message"), get).await
    }

    /// How many messages a queue holds that nobody has in hand.
    pub(crate) async fn count(&self, queue: &str) -> u32 {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(queue.into(), options, FieldTable::default());
        queue.await.unwrap().message_count()
    }
}

pub(crate) async fn next(consumer: &mut Consumer) -> Delivery {
    let delivery = soon("a message comes", consumer.next()).await;
    delivery.unwrap().unwrap()
}

pub(crate) fn text(delivery: &Delivery) -> &str {
    std::str::from_utf8(&delivery.data).unwrap()
}

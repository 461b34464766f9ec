//! A peer that speaks Kafka by hand, and what the broker knows of a group.

use nestrs_transport_kafka::rdkafka::consumer::{Consumer, StreamConsumer};
use nestrs_transport_kafka::rdkafka::message::{Header, Headers as _, OwnedHeaders, OwnedMessage};
use nestrs_transport_kafka::rdkafka::producer::{FutureProducer, FutureRecord};
use nestrs_transport_kafka::rdkafka::{ClientConfig, Message as _, Offset, TopicPartitionList};

use crate::common::{SOON, soon, unique, url};

/// A peer that speaks Kafka by hand.
pub(crate) struct Raw {
    pub(crate) producer: FutureProducer,
    pub(crate) consumer: StreamConsumer,
}

/// A record: value, headers.
pub(crate) type Seen = (Option<String>, Vec<(String, String)>);

impl Raw {
    pub(crate) async fn new() -> Self {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", url().await)
            .set("group.id", unique("raw"))
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "earliest")
            .set("allow.auto.create.topics", "true");
        Self {
            producer: config.create().unwrap(),
            consumer: config.create().unwrap(),
        }
    }

    /// Has a topic there.
    pub(crate) async fn topic(&self, name: &str, partitions: i32) {
        use nestrs_transport_kafka::rdkafka::admin::{
            AdminClient, AdminOptions, NewTopic, TopicReplication,
        };
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", url().await);
        let admin: AdminClient<_> = config.create().unwrap();
        let topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
        let created = admin.create_topics([&topic], &AdminOptions::new()).await;
        created.unwrap().pop().unwrap().unwrap();
    }

    /// Reads a partition from its beginning on.
    pub(crate) fn read(&self, topic: &str, partition: i32) {
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
        self.consumer.assign(&list).unwrap();
    }

    pub(crate) async fn next(&self) -> OwnedMessage {
        let next = soon("a record comes", self.consumer.recv()).await;
        next.unwrap().detach()
    }

    pub(crate) async fn publish(
        &self,
        topic: &str,
        value: Option<&[u8]>,
        headers: &[(&str, &str)],
    ) {
        let mut own = OwnedHeaders::new();
        for (key, value) in headers {
            let value = Some(value.as_bytes());
            own = own.insert(Header { key, value });
        }
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).headers(own);
        record.payload = value;
        self.producer.send(record, SOON).await.unwrap();
    }
}

/// The offset that a service has committed at the shared broker.
pub(crate) async fn committed(service: &str, topic: &str, partition: i32) -> Option<i64> {
    committed_at(url().await, service, topic, partition).await
}

/// The same at another broker.
pub(crate) async fn committed_at(
    url: &str,
    service: &str,
    topic: &str,
    partition: i32,
) -> Option<i64> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", url)
        .set("group.id", format!("{service}-server"));
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let ask = move || {
        let consumer: StreamConsumer = config.create().unwrap();
        let committed = consumer.committed_offsets(list, SOON).unwrap();
        committed.elements()[0].offset().to_raw()
    };
    let offset = tokio::task::spawn_blocking(ask).await.unwrap();
    offset.filter(|offset| *offset >= 0)
}

pub(crate) fn seen(message: &OwnedMessage) -> Seen {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let headers = message.headers().map(|headers| {
        let headers = headers.iter();
        let headers = headers.map(|one| (one.key.to_owned(), text(one.value.unwrap_or_default())));
        headers.collect()
    });
    (message.payload().map(text), headers.unwrap_or_default())
}

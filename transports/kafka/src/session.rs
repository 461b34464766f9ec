//! What a client sends and receives through. The driver makes and keeps
//! connections by itself; here is heard whether there are any.
//!
//! The next file on a call's path is `replies.rs`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::in_flight::InFlight;
use nestrs_core::request_id::RequestIds;
use nestrs_core::{ErrorKind, Outgoing, Replies, TransportError};
use rdkafka::message::OwnedHeaders;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::KafkaTransportOptions;
use crate::encoding::VALUE;
use crate::link::Link;
use crate::producer::{self, KafkaProducer, Record};
use crate::record::KafkaRecord;
use crate::replies::ReplyTopics;
use crate::wire::{
    CORRELATION_ID, Content, REPLY_PARTITION, REPLY_TOPIC, header, reply_topic, topic_error,
};

/// How long to wait before brokers are asked again whether they are there.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Session {
    producer: KafkaProducer,
    replies: ReplyTopics,
    in_flight: InFlight,
    ids: RequestIds,
    request_timeout: Duration,
    brokers: watch::Receiver<Brokers>,
    link: Link,
    /// The last to go: the thread that receives replies then ends the driver,
    /// which takes its time.
    _running: DropGuard,
}

/// Whether there are any.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Brokers {
    Awaited,
    There,
    Refused,
}

impl Session {
    /// Needs a runtime.
    pub(crate) fn open(options: &KafkaTransportOptions, link: Link) -> Result<Arc<Self>, String> {
        let mut settings = producer::settings(
            options.linger,
            options.delivery_timeout,
            options.max_message_size,
        );
        settings.push(("batch.size", options.batch_size.to_string()));
        let config = options.connection.config("client", &settings)?;
        let producer = producer::create(&config, &link)?;
        let ended = CancellationToken::new();
        let running = ended.clone().drop_guard();
        let (in_flight, ids) = (InFlight::default(), RequestIds::new());
        let replies = ReplyTopics::open(options, &link, &producer, ended.clone(), {
            let (in_flight, ids) = (in_flight.clone(), ids.clone());
            move |reply| {
                if let Some(number) = ids.number(&reply.correlation_id) {
                    in_flight.complete(number, reply.packet);
                }
            }
        })?;
        let (state, brokers) = watch::channel(Brokers::Awaited);
        tokio::spawn(keep(replies.clone(), link.clone(), state, ended));
        Ok(Arc::new(Self {
            producer,
            replies,
            in_flight,
            ids,
            request_timeout: options.request_timeout,
            brokers,
            link,
            _running: running,
        }))
    }

    pub(crate) fn producer(&self) -> &KafkaProducer {
        &self.producer
    }

    /// Waits until there are brokers.
    pub(crate) async fn connected(&self, limit: Duration) -> Result<(), TransportError> {
        let mut brokers = self.brokers.clone();
        let settled = brokers.wait_for(|brokers| match brokers {
            Brokers::Awaited => false,
            // That they are gone is known here a moment later than at the driver.
            Brokers::There => !self.link.is_down(),
            Brokers::Refused => true,
        });
        let settled = tokio::time::timeout(limit, settled).await;
        let why = match settled.map(|state| state.map(|state| *state)) {
            Ok(Ok(Brokers::There)) => return Ok(()),
            Ok(Err(_)) => return Err(TransportError::connection_closed()),
            Ok(Ok(_)) => self.link.refused().unwrap_or_default(),
            Err(_) => format!("within {limit:?}: {}", self.link.why()),
        };
        let brokers = self.link.brokers();
        let message = format!("cannot connect to Kafka at {brokers}: {why}");
        Err(TransportError::of_kind(ErrorKind::Connect, message))
    }

    pub(crate) async fn send(
        &self,
        message: &Outgoing<'_>,
    ) -> Result<Option<Bytes>, TransportError> {
        let pending = self.in_flight.one()?;
        self.request(pending.id(), message).await?;
        pending.await
    }

    pub(crate) async fn send_stream(
        &self,
        message: &Outgoing<'_>,
    ) -> Result<Replies, TransportError> {
        let pending = self.in_flight.many()?;
        self.request(pending.id(), message).await?;
        Ok(Box::pin(pending))
    }

    pub(crate) async fn emit(&self, message: &Outgoing<'_>) -> Result<(), TransportError> {
        self.publish(message, OwnedHeaders::new()).await
    }

    async fn request(&self, number: u64, message: &Outgoing<'_>) -> Result<(), TransportError> {
        legal(message.pattern)?;
        let topic = reply_topic(message.pattern);
        let partition = self.replies.partition_of(&topic).await?;
        let timeout = Some(message.timeout.unwrap_or(self.request_timeout));
        let extras = Extras {
            timeout,
            ..Extras::default()
        };
        let mut headers = OwnedHeaders::new();
        for (name, value) in [
            (CORRELATION_ID, self.ids.id(number)),
            (REPLY_TOPIC, topic),
            (REPLY_PARTITION, partition.to_string()),
        ] {
            headers = header(headers, name, value.as_bytes());
        }
        for (name, value) in extras.headers() {
            headers = header(headers, name, value.as_bytes());
        }
        self.publish(message, headers).await
    }

    async fn publish(
        &self,
        message: &Outgoing<'_>,
        mut headers: OwnedHeaders,
    ) -> Result<(), TransportError> {
        legal(message.pattern)?;
        let content = Content::of(&message.payload);
        for (name, value) in message.headers.iter() {
            headers = header(headers, name, value.as_bytes());
        }
        for (name, value) in &content.headers {
            headers = header(headers, name, value);
        }
        if let Some(said) = content.said {
            headers = header(headers, VALUE, said.word().as_bytes());
        }
        let record = message.record_as::<KafkaRecord>();
        let key = record.and_then(|record| record.key.clone());
        let sent = Record {
            key: key.or(content.key),
            value: content.value,
            headers: Some(headers),
            partition: record.and_then(|record| record.partition),
            timestamp: record.and_then(KafkaRecord::millis),
        };
        let sent = producer::send(&self.producer, message.pattern, sent).await;
        sent.map_err(|error| producer::unsent(&error, message.pattern))
    }

    /// Ends every call; events that were taken are sent.
    pub(crate) async fn close(&self) {
        self.in_flight.fail(TransportError::connection_closed());
        producer::flush(&self.producer).await;
    }
}

fn legal(pattern: &str) -> Result<(), TransportError> {
    match topic_error(pattern) {
        Some(why) => Err(TransportError::of_kind(ErrorKind::InvalidPayload, why)),
        None => Ok(()),
    }
}

/// Says whether there are brokers, as long as the session is there.
async fn keep(
    replies: ReplyTopics,
    link: Link,
    state: watch::Sender<Brokers>,
    ended: CancellationToken,
) {
    let keep = async {
        loop {
            if replies.asks_brokers().await {
                link.is_up();
                state.send_replace(Brokers::There);
                link.down().await;
                state.send_replace(Brokers::Awaited);
            } else if link.refused().is_some() {
                state.send_replace(Brokers::Refused);
                return;
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = keep => ended.cancelled().await,
        () = ended.cancelled() => {}
    }
}

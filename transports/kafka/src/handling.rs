//! One message: what it says, its handlers, its replies, and whether it is done
//! with.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use nestrs_core::intake::Intake;
use nestrs_core::packet::Reply;
use nestrs_core::{
    Answer, Dispatch, ErrorKind, Message, MessageContext, MessageKind, TransportError,
};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::message::OwnedHeaders;

use crate::context::{KafkaContext, KafkaReceived, Source};
use crate::dead::{DeadTopics, Failed, bury};
use crate::encoding::{self, Said, VALUE};
use crate::failure::KafkaFailurePolicy;
use crate::partition::Partition;
use crate::producer::{self, KafkaProducer, Record};
use crate::wire::{
    CORRELATION_ID, Content, ERROR, IS_DISPOSED, REPLY_PARTITION, REPLY_TOPIC, error_text, extras,
    header, said, visible,
};

/// What all messages of a server have in common.
pub(crate) struct Desk {
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) intake: Intake,
    pub(crate) on_failure: KafkaFailurePolicy,
    pub(crate) dead_topics: Option<Arc<DeadTopics>>,
    pub(crate) group: String,
    pub(crate) producer: KafkaProducer,
}

/// Where the replies to a request go.
struct ReplyAddress {
    topic: String,
    partition: Option<i32>,
    correlation_id: Bytes,
    /// Whether a nestrs peer reads them.
    is_nestrs: bool,
}

/// Whether somebody waits for the reply.
pub(crate) fn is_request(record: &KafkaReceived) -> bool {
    record.header(CORRELATION_ID).is_some() && record.header(REPLY_TOPIC).is_some()
}

impl Desk {
    /// Handles a record, or several as one.
    pub(crate) async fn handle(
        self: Arc<Self>,
        partition: Arc<Partition>,
        records: Vec<KafkaReceived>,
    ) {
        let records: Arc<[KafkaReceived]> = records.into();
        let (message, address) = read(&partition, &records);
        let is_done = match address {
            Some(address) => self.answer(message, address).await,
            None => self.run(message, &partition, &records).await,
        };
        if is_done {
            partition.settle(&records);
        }
    }

    async fn answer(&self, message: Message, address: ReplyAddress) -> bool {
        let over = message.context.over();
        if message.context.is_over() {
            tracing::warn!(
                pattern = %String::from_utf8_lossy(&message.pattern),
                "a request came later than its sender waits for the reply and was skipped; if it \
                 was not under way for that long, the clocks differ"
            );
            return true;
        }
        let answered = async {
            let answer = self.dispatch.dispatch(message).await;
            self.reply(answer, &address).await;
        };
        tokio::select! {
            biased;
            () = answered => {}
            () = over => tracing::debug!("nobody waits for the reply any more"),
        }
        true
    }

    /// The replies go out in order; the last of them is waited for.
    async fn reply(&self, answer: Answer, address: &ReplyAddress) {
        let mut replies = answer.into_replies();
        let mut next = replies.next().await;
        while let Some(reply) = next {
            next = match reply {
                Reply::Item(_) => {
                    // What is sent before the last is sent without waiting.
                    let sent = address.record(&reply);
                    let sending = self.send(address, sent);
                    let (sent, following) = tokio::join!(sending, replies.next());
                    if !sent {
                        return;
                    }
                    following
                }
                last => {
                    self.send(address, address.record(&last)).await;
                    None
                }
            };
        }
    }

    /// False if no further reply has to be tried.
    async fn send(&self, address: &ReplyAddress, record: Record) -> bool {
        let Err(error) = producer::send(&self.producer, &address.topic, record).await else {
            return true;
        };
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            let why = producer::unsent(&error, &address.topic);
            let record = address.record(&Reply::Error(why));
            // There is nothing else to say if this does not work either.
            let _ = producer::send(&self.producer, &address.topic, record).await;
        } else {
            tracing::warn!(%error, topic = address.topic, "a reply was not sent");
        }
        false
    }

    /// Runs an event's handlers, again if that is the policy. False leaves it to
    /// whoever receives it next.
    async fn run(
        &self,
        message: Message,
        partition: &Partition,
        records: &[KafkaReceived],
    ) -> bool {
        let topic = &*partition.route.topic;
        let mut attempts = 0;
        let error = loop {
            let answer = self.dispatch.dispatch(message.clone()).await;
            attempts += 1;
            let error = match answer {
                Answer::One(Err(error)) => error,
                Answer::NoHandler => {
                    tracing::warn!(topic, "there is no handler for an event, which is skipped");
                    return true;
                }
                _ => return true,
            };
            // What is wrong with it stays wrong.
            let is_hopeless = error.kind() == ErrorKind::InvalidPayload;
            match self.on_failure.pause(attempts) {
                Some(pause) if !is_hopeless => {
                    if !self.pause(pause).await {
                        return false;
                    }
                }
                _ => break error,
            }
        };
        let failed = Failed {
            topic,
            partition: partition.number,
            group: &self.group,
            error: &error,
            attempts,
        };
        let dead_letters = self.on_failure.dead_letters_of(topic);
        if let (Some(to), Some(topics)) = (&dead_letters, &self.dead_topics) {
            topics.have(to).await;
        }
        for record in records {
            let offset = record.offset;
            tracing::warn!(
                topic, partition = partition.number, offset, attempts, %error,
                dead_letters, "an event failed for the last time"
            );
            if let Some(to) = &dead_letters {
                bury(&self.producer, to, record, &failed).await;
            }
        }
        true
    }

    /// False when the server is stopped meanwhile.
    async fn pause(&self, pause: Duration) -> bool {
        tokio::select! {
            () = self.intake.shutdown().stopping() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }
}

fn read(
    partition: &Arc<Partition>,
    records: &Arc<[KafkaReceived]>,
) -> (Message, Option<ReplyAddress>) {
    let topic = &partition.route.topic;
    let address = match (&**records, &partition.route.batch) {
        ([record], None) => ReplyAddress::of(record),
        _ => None,
    };
    let kind = match &address {
        Some(_) => MessageKind::Request,
        None => MessageKind::Event,
    };
    let pattern = encoding::text(topic.as_bytes());
    let payload = match &partition.route.batch {
        Some(_) => payloads(records),
        None => records.first().map_or_else(Bytes::new, payload),
    };
    let mut message = Message::new(kind, pattern, payload);
    message.route = Some(topic.clone());
    message.context = context(partition, records, address.as_ref());
    (message, address)
}

fn context(
    partition: &Arc<Partition>,
    records: &Arc<[KafkaReceived]>,
    address: Option<&ReplyAddress>,
) -> MessageContext {
    let mut context = MessageContext::new("kafka");
    if let [record] = &**records {
        context.headers = visible(&record.headers);
        if let (Some(_), Some(timeout)) = (address, extras(&record.headers).timeout) {
            let age = record
                .timestamp
                .and_then(|sent| SystemTime::now().duration_since(sent).ok());
            context.expire_in(timeout.saturating_sub(age.unwrap_or_default()));
        }
    }
    context.id = address.map(|address| encoding::text(&address.correlation_id));
    context.native = Some(Arc::new(KafkaContext {
        topic: partition.route.topic.clone(),
        partition: partition.number,
        records: records.clone(),
        source: Source(partition.clone()),
    }));
    context
}

fn payload(record: &KafkaReceived) -> Bytes {
    encoding::decode(record.value.as_ref(), said(&record.headers))
}

/// Those of a batch, as a list.
fn payloads(records: &[KafkaReceived]) -> Bytes {
    let mut list = Vec::from(*b"[");
    for (i, record) in records.iter().enumerate() {
        if i > 0 {
            list.push(b',');
        }
        list.extend_from_slice(&payload(record));
    }
    list.push(b']');
    list.into()
}

impl ReplyAddress {
    fn of(record: &KafkaReceived) -> Option<Self> {
        let text = |name| std::str::from_utf8(record.header(name)?).ok();
        Some(Self {
            topic: text(REPLY_TOPIC)?.to_owned(),
            partition: text(REPLY_PARTITION).and_then(|number| number.parse().ok()),
            correlation_id: Bytes::copy_from_slice(record.header(CORRELATION_ID)?),
            is_nestrs: extras(&record.headers).timeout.is_some(),
        })
    }

    /// A reply as NestJS's servers write it.
    fn record(&self, reply: &Reply) -> Record {
        let (content, error, is_disposed) = match reply {
            Reply::Item(item) => (Content::of(item), None, false),
            Reply::Last(item) => (Content::of(item), None, true),
            Reply::Error(error) => (Content::default(), Some(error_text(error)), true),
            Reply::NoHandler => {
                let error = TransportError::new(nestrs_core::error::NO_MESSAGE_HANDLER);
                (Content::default(), Some(error.message.into_bytes()), false)
            }
            // `End`, and what may come to be.
            _ => {
                let said = Some(Said::Nothing);
                let nothing = Content {
                    said,
                    ..Content::default()
                };
                (nothing, None, true)
            }
        };
        let mut headers = OwnedHeaders::new();
        for (name, value) in &content.headers {
            headers = header(headers, name, value);
        }
        headers = header(headers, CORRELATION_ID, &self.correlation_id);
        if let Some(error) = error {
            headers = header(headers, ERROR, &error);
        }
        if is_disposed {
            headers = header(headers, IS_DISPOSED, &[0]);
        }
        if let (true, Some(said)) = (self.is_nestrs, content.said) {
            headers = header(headers, VALUE, said.word().as_bytes());
        }
        Record {
            key: content.key,
            value: content.value,
            headers: Some(headers),
            partition: self.partition,
            timestamp: None,
        }
    }
}

//! The calls of one session: requests and events go out, replies find who waits
//! for them. When the session ends, what is in flight fails.
//!
//! The next file on a call's path is `pipe.rs`, on a reply's
//! [`nestrs_core::in_flight`].

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::{ReplyPacket, write_event, write_request};
use nestrs_core::{Headers, Outgoing, Replies, TransportError};
use serde_json::Value;

use crate::answered::Answered;
use crate::broker::Broker;
use crate::client::Shared;
use crate::durable;
use crate::failure::Failure;
use crate::pipe::{Receipt, Request, publish};
use crate::read_ahead::Incoming;
use crate::reply_channels::{Held, ReplyChannel, ReplyChannels};
use crate::session::Session;

pub(crate) struct Calling {
    pub(crate) session: Session,
    pub(crate) channels: ReplyChannels,
    in_flight: InFlight,
    /// Whether Redis knows all receivers of what is published.
    counts: bool,
    /// How long a call waits unless it says otherwise, and what says so.
    usual: (Duration, Option<Vec<u8>>),
    shared: Arc<Shared>,
}

impl Calling {
    /// Opens a session that is subscribed to the replies of these patterns.
    pub(crate) async fn open(
        broker: &Broker,
        shared: &Arc<Shared>,
        routes: &[String],
    ) -> Result<(Arc<Self>, Incoming), Failure> {
        let (session, incoming) = Session::open(broker).await?;
        let opening = ReplyChannels::open(session.subscriptions.clone(), routes);
        let (channels, keeping) = opening.await?;
        session.spawn(keeping);
        let timeout = shared.options.request_timeout;
        let calling = Self {
            usual: (timeout, metadata(timeout, &Headers::new())),
            counts: counts(&session).await,
            session,
            channels,
            in_flight: InFlight::default(),
            shared: shared.clone(),
        };
        Ok((Arc::new(calling), incoming))
    }

    pub(crate) async fn send(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Option<Bytes>, TransportError> {
        let held = self.channels.hold(message.pattern).await?;
        let channel = held.0.clone();
        let call = self.in_flight.one()?.if_dropped(self.cancels(held));
        let timeout = message
            .timeout
            .unwrap_or(self.shared.options.request_timeout);
        self.publish(call.id(), &channel, message, timeout).await?;
        call.await
    }

    pub(crate) async fn send_stream(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Replies, TransportError> {
        let held = self.channels.hold(message.pattern).await?;
        let channel = held.0.clone();
        let call = self.in_flight.many()?.if_dropped(self.cancels(held));
        // Nobody knows when the last of several replies should have come.
        self.publish(call.id(), &channel, message, Duration::MAX)
            .await?;
        Ok(Box::pin(call))
    }

    pub(crate) async fn emit(&self, message: &Outgoing<'_>) -> Result<(), TransportError> {
        let metadata = Extras::default().metadata(&message.headers);
        let pattern = Value::from(message.pattern).to_string();
        let options = &self.shared.options;
        let command = write_event(
            pattern.as_bytes(),
            &message.payload,
            metadata.as_deref(),
            |parts| match options.durable {
                true => durable::add(message.pattern, parts, options.durable_length),
                false => publish(message.pattern, parts),
            },
        );
        self.session.pipe.ask(command).await.map(drop)
    }

    /// What says that a call is not waited for any more, and holds its channel
    /// until then. NestJS peers do not hear it.
    fn cancels(self: &Arc<Self>, held: Held) -> impl FnOnce(u64) + Send + Unpin + use<> {
        let calling = self.clone();
        move |id| {
            let command = publish(&held.0.cancels, &[calling.shared.ids.json(id).as_bytes()]);
            calling.session.pipe.try_push(command, Receipt::Ignored);
        }
    }

    /// Ends the session: what is in flight fails.
    pub(crate) fn end(&self) {
        self.session.end();
        self.in_flight.fail(TransportError::connection_closed());
    }

    /// Gives replies to who waits for them, until the session ends.
    pub(crate) async fn read(&self, incoming: &mut Incoming) {
        let mut answered = Answered::default();
        while let Some(message) = self.session.next(incoming).await {
            let payload = Bytes::copy_from_slice(message.get_payload_bytes());
            let reply = match ReplyPacket::parse(&payload) {
                Ok(reply) => reply,
                Err(error) => {
                    let channel = message.get_channel_name();
                    tracing::warn!(channel, %error, "what was published for a reply is no JSON");
                    continue;
                }
            };
            // All clients that call a pattern read the replies to each other.
            let id = reply.id.as_deref();
            let Some(number) = id.and_then(|id| self.shared.ids.number_of_json(id)) else {
                continue;
            };
            let is_last = reply.is_last;
            match self.in_flight.complete(number, reply) {
                true if is_last => answered.once(number),
                true => {}
                false => answered.again(number, message.get_channel_name()),
            }
        }
    }

    async fn publish(
        &self,
        number: u64,
        channel: &ReplyChannel,
        message: &Outgoing<'_>,
        timeout: Duration,
    ) -> Result<(), TransportError> {
        let own = match timeout == self.usual.0 && message.headers.is_empty() {
            true => None,
            false => metadata(timeout, &message.headers),
        };
        let command = write_request(
            channel.pattern.as_bytes(),
            &message.payload,
            own.as_deref().or(self.usual.1.as_deref()),
            self.shared.ids.json(number).as_bytes(),
            |parts| publish(message.pattern, parts),
        );
        let receipt = Receipt::Request(Request {
            number,
            in_flight: self.in_flight.clone(),
            route: channel.route.clone(),
            counts: self.counts,
        });
        let pushed = self.session.pipe.push(command, receipt).await;
        pushed.map_err(|_| TransportError::connection_closed())
    }
}

/// What goes with a request, beside its headers.
fn metadata(timeout: Duration, headers: &Headers) -> Option<Vec<u8>> {
    let extras = Extras {
        timeout: Some(timeout),
        ..Extras::default()
    };
    extras.metadata(headers)
}

/// In a cluster a server knows of its own subscribers alone, and who may not
/// ask does not know whether it is one.
async fn counts(session: &Session) -> bool {
    let mut question = redis::cmd("INFO");
    question.arg("cluster");
    match session.pipe.ask(question).await {
        Ok(redis::Value::BulkString(text)) => {
            String::from_utf8_lossy(&text).contains("cluster_enabled:0")
        }
        _ => false,
    }
}

//! One connection of a client: its calls, and the inbox that all their replies
//! come to.
//!
//! A call's reply subject is the inbox and the call's id. When the connection
//! is lost the calls that wait fail, for their replies may have come meanwhile,
//! and later ones have ids of another name: a late reply is nobody's.
//!
//! The next file on a reply's path is `waiting.rs`.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::message::OutboundMessage;
use async_nats::{Message, Subject, Subscriber};
use bytes::Bytes;
use futures_util::{FutureExt, StreamExt};
use nestrs_core::extras::Extras;
use nestrs_core::packet::{json_string, write_event, write_request};
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, ErrorKind, Headers, Outgoing, Replies, StartError, TransportError,
};
use tokio_util::sync::CancellationToken;

use crate::called_off::call_off;
use crate::client::NatsTransportOptions;
use crate::link::{LastFailure, Link, Sign, Signs};
use crate::outbox::{Pushed, Receipt};
use crate::waiting::{Calls, Waiting, named};
use crate::{context, shared};

/// How many replies are looked at before it is looked for anything else.
const CHUNK: usize = 64;
/// How long a connection that ends may take to write what it was given.
const FLUSH: Duration = Duration::from_secs(2);

pub(crate) struct Session {
    pub(crate) link: Arc<Link>,
    waiting: Arc<Waiting>,
    end: CancellationToken,
}

impl Session {
    /// Connects; the status is told what becomes of the connection.
    pub(crate) async fn open(
        options: &NatsTransportOptions,
        last_failure: &LastFailure,
        status: &Arc<StatusSource>,
    ) -> Result<Arc<Self>, StartError> {
        let (link, signs) = Link::connect(&options.broker, last_failure).await?;
        let inbox = format!("{}.", link.driver.new_inbox());
        let subscribed = link.driver.subscribe(format!("{inbox}*")).await;
        let replies = subscribed.map_err(|error| StartError::Connect {
            address: options.broker.address(),
            source: TransportError::of_kind(ErrorKind::Connect, error.to_string()),
        })?;
        let session = Arc::new(Self {
            link: Arc::new(link),
            waiting: Arc::new(Waiting::at(inbox)),
            end: CancellationToken::new(),
        });
        status.set(ClientStatus::Connected);
        let reader = Reader {
            link: session.link.clone(),
            waiting: session.waiting.clone(),
            end: session.end.clone(),
            status: status.clone(),
        };
        tokio::spawn(reader.read(replies, signs));
        Ok(session)
    }

    /// Whether it has not ended for good.
    pub(crate) fn is_open(&self) -> bool {
        !self.end.is_cancelled()
    }

    pub(crate) async fn send(
        &self,
        message: &Outgoing<'_>,
        options: &NatsTransportOptions,
    ) -> Result<Option<Bytes>, TransportError> {
        let calls = self.waiting.now();
        let pending = calls.in_flight.one()?;
        let call = pending.if_dropped(|number| {
            call_off(&self.link, self.waiting.reply(&calls.ids.id(number)));
        });
        let timeout = message.timeout.unwrap_or(options.request_timeout);
        let sent = self.request(message, &calls, call.id(), timeout, options)?;
        sent.await?;
        call.await.map_err(|error| named(error, message.pattern))
    }

    pub(crate) async fn send_stream(
        &self,
        message: &Outgoing<'_>,
        options: &NatsTransportOptions,
    ) -> Result<Replies, TransportError> {
        let calls = self.waiting.now();
        let pending = calls.in_flight.many()?;
        let call = pending.if_dropped({
            let (link, waiting, calls) = (self.link.clone(), self.waiting.clone(), calls.clone());
            move |number| call_off(&link, waiting.reply(&calls.ids.id(number)))
        });
        // Nobody knows when the last of several replies should have come.
        let timeout = Duration::MAX;
        let sent = self.request(message, &calls, call.id(), timeout, options)?;
        sent.await?;
        let pattern = message.pattern.to_owned();
        let items = call.map(move |item| item.map_err(|error| named(error, &pattern)));
        Ok(Box::pin(items))
    }

    pub(crate) async fn emit(
        &self,
        message: &Outgoing<'_>,
        options: &NatsTransportOptions,
    ) -> Result<(), TransportError> {
        let pattern = json_string(message.pattern);
        let event = write_event(&pattern, &message.payload, None, shared::joined);
        let event = outbound(message, event, None, options)?;
        // Until then the driver holds it, and would lose it with the process.
        self.link.outbox.write(event).await
    }

    /// Fails what waits and ends the connection.
    pub(crate) async fn close(&self) {
        self.waiting.fail();
        // What was emitted and not waited for.
        let _ = tokio::time::timeout(FLUSH, self.link.outbox.flush()).await;
        self.end.cancel();
    }

    fn request(
        &self,
        message: &Outgoing<'_>,
        calls: &Calls,
        number: u64,
        timeout: Duration,
        options: &NatsTransportOptions,
    ) -> Result<Pushed<'_>, TransportError> {
        let id = calls.ids.json(number);
        // In the packet and not among the headers, which are the users' own
        // and cost more.
        let extras = Extras {
            timeout: Some(timeout),
            ..Extras::default()
        };
        let metadata = extras.metadata(&Headers::new());
        let packet = write_request(
            &json_string(message.pattern),
            &message.payload,
            metadata.as_deref(),
            id.as_bytes(),
            shared::joined,
        );
        let reply = Some(self.waiting.reply(id.trim_matches('"')));
        let outbound = outbound(message, packet, reply, options)?;
        let receipt = Receipt::Call {
            number,
            in_flight: calls.in_flight.clone(),
        };
        let of = calls.in_flight.len();
        Ok(self.link.outbox.push(outbound, receipt, of))
    }
}

fn outbound(
    message: &Outgoing<'_>,
    payload: Bytes,
    reply: Option<Subject>,
    options: &NatsTransportOptions,
) -> Result<OutboundMessage, TransportError> {
    Ok(OutboundMessage {
        subject: Subject::from(message.pattern),
        reply,
        payload,
        headers: context::outgoing(&message.headers, &options.headers)?,
    })
}

impl Drop for Session {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Reads replies until the session is dropped or closed.
struct Reader {
    link: Arc<Link>,
    waiting: Arc<Waiting>,
    end: CancellationToken,
    status: Arc<StatusSource>,
}

impl Reader {
    async fn read(self, mut replies: Subscriber, mut signs: Signs) {
        let mut end = pin!(self.end.cancelled());
        let mut dropped = 0_u64;
        loop {
            tokio::select! {
                biased;
                () = &mut end => break,
                Some(sign) = signs.recv() => match sign {
                    Sign::Up => self.status.set(ClientStatus::Connected),
                    Sign::Down => {
                        self.status.set(ClientStatus::Reconnecting);
                        self.waiting.fail();
                    }
                    Sign::Dropped => {
                        dropped += 1;
                        tracing::warn!(dropped, "replies came faster than they were read, and were lost");
                    }
                },
                message = replies.next() => match message {
                    Some(message) => self.receive(&message, &mut replies),
                    None => break,
                },
            }
        }
        // What was emitted and not waited for.
        let _ = tokio::time::timeout(FLUSH, self.link.outbox.flush()).await;
    }

    /// Gives a reply to who waits for it, and those that came with it.
    fn receive(&self, first: &Message, replies: &mut Subscriber) {
        self.waiting.receive(first);
        for _ in 1..CHUNK {
            let Some(Some(next)) = replies.next().now_or_never() else {
                break;
            };
            self.waiting.receive(&next);
        }
    }
}

/// Also when its runtime is gone, and the connection with it.
impl Drop for Reader {
    fn drop(&mut self) {
        // If it was told to end, there may be another connection by now.
        if !self.end.is_cancelled() {
            self.status.set(ClientStatus::Disconnected);
        }
        self.end.cancel();
        self.link.close();
        self.waiting.fail();
    }
}

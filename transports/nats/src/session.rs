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
use async_nats::{Subject, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use nestrs_core::extras::Extras;
use nestrs_core::packet::{write_event, write_request};
use nestrs_core::status::StatusSource;
use nestrs_core::{ClientStatus, ErrorKind, Outgoing, Replies, StartError, TransportError};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::called_off::calls_off;
use crate::client::NatsTransportOptions;
use crate::context;
use crate::link::{LastFailure, Link, Sign, Signs};
use crate::outbox::Receipt;
use crate::waiting::{Calls, Waiting, named};

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
        let reply = self.waiting.reply(&calls, pending.id());
        let call = pending.if_dropped(calls_off(&self.link, &reply));
        let timeout = message.timeout.unwrap_or(options.request_timeout);
        let request = Request {
            calls: &calls,
            number: call.id(),
            reply,
            timeout,
        };
        self.request(message, request, options).await?;
        call.await.map_err(|error| named(error, message.pattern))
    }

    pub(crate) async fn send_stream(
        &self,
        message: &Outgoing<'_>,
        options: &NatsTransportOptions,
    ) -> Result<Replies, TransportError> {
        let calls = self.waiting.now();
        let pending = calls.in_flight.many()?;
        let reply = self.waiting.reply(&calls, pending.id());
        let call = pending.if_dropped(calls_off(&self.link, &reply));
        let request = Request {
            calls: &calls,
            number: call.id(),
            reply,
            // Nobody knows when the last of several replies should have come.
            timeout: Duration::MAX,
        };
        self.request(message, request, options).await?;
        let pattern = message.pattern.to_owned();
        let items = call.map(move |item| item.map_err(|error| named(error, &pattern)));
        Ok(Box::pin(items))
    }

    pub(crate) async fn emit(
        &self,
        message: &Outgoing<'_>,
        options: &NatsTransportOptions,
    ) -> Result<(), TransportError> {
        let pattern = Value::from(message.pattern).to_string();
        let event = write_event(pattern.as_bytes(), &message.payload, None, |parts| {
            parts.concat()
        });
        let event = outbound(message, event.into(), None, options)?;
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

    async fn request(
        &self,
        message: &Outgoing<'_>,
        request: Request<'_>,
        options: &NatsTransportOptions,
    ) -> Result<(), TransportError> {
        let Request { calls, number, .. } = request;
        let id = calls.ids.json(number);
        // In the packet and not among the headers, which are the users' own
        // and cost more.
        let extras = Extras {
            timeout: Some(request.timeout),
            ..Extras::default()
        };
        let metadata = extras.metadata(&nestrs_core::Headers::new());
        let pattern = Value::from(message.pattern).to_string();
        let packet = write_request(
            pattern.as_bytes(),
            &message.payload,
            metadata.as_deref(),
            id.as_bytes(),
            |parts| parts.concat(),
        );
        let reply = Some(request.reply);
        let outbound = outbound(message, packet.into(), reply, options)?;
        let receipt = Receipt::Call {
            number,
            in_flight: calls.in_flight.clone(),
        };
        let of = calls.in_flight.len();
        self.link.outbox.push(outbound, receipt, of).await
    }
}

/// What a request is called by.
struct Request<'a> {
    calls: &'a Calls,
    number: u64,
    /// Where its replies go.
    reply: Subject,
    timeout: Duration,
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
    async fn read(self, replies: Subscriber, mut signs: Signs) {
        let mut replies = replies.ready_chunks(CHUNK);
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
                messages = replies.next() => match messages {
                    Some(messages) => messages.iter().for_each(|one| self.waiting.receive(one)),
                    None => break,
                },
            }
        }
        // What was emitted and not waited for.
        let _ = tokio::time::timeout(FLUSH, self.link.outbox.flush()).await;
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

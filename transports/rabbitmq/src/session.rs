//! One connection of a client: a channel for requests and their replies, and
//! one for events and what the broker confirms of them.
//!
//! The next file on a reply's path is [`nestrs_core::in_flight`].

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Consumer};
use nestrs_core::extras::{Extras, PEER};
use nestrs_core::in_flight::InFlight;
use nestrs_core::packet::{ReplyPacket, write_event, write_request};
use nestrs_core::request_id::RequestIds;
use nestrs_core::{ErrorKind, Outgoing, Replies, TransportError};
use serde_json::Value;
use tokio::sync::Notify;

use crate::confirming::Confirming;
use crate::record::{delivery_mode, millis};
use crate::returned::take_back;
use crate::sending::{Sending, says};
use crate::servers::Servers;

pub(crate) struct Session {
    pub(crate) connection: Arc<Connection>,
    sending: Arc<Sending>,
    pub(crate) requests: Channel,
    events: Channel,
    /// Held while an event is handed to the driver, which numbers it in one
    /// step and queues it in another: it is confirmed by its number.
    order: Mutex<()>,
    pub(crate) in_flight: InFlight,
    /// What requests are called by where replies to others may come, too: what a
    /// queue still has is for calls of another connection.
    ids: Option<RequestIds>,
    servers: Servers,
    /// That there is a request that may be returned.
    asked: Arc<Notify>,
}

impl Session {
    /// Declares what has to be there and waits for replies.
    pub(crate) async fn open(
        connection: Arc<Connection>,
        sending: Arc<Sending>,
    ) -> lapin::Result<Arc<Self>> {
        let events = connection.create_channel().await?;
        events
            .confirm_select(ConfirmSelectOptions::default())
            .await?;
        sending.target.declare(&events).await?;
        let requests = connection.create_channel().await?;
        let options = BasicConsumeOptions {
            no_ack: true,
            ..BasicConsumeOptions::default()
        };
        let replies = requests
            .basic_consume(
                sending.reply_to(),
                ShortString::default(),
                options,
                FieldTable::default(),
            )
            .await?;
        let session = Arc::new(Self {
            connection,
            ids: sending.reply_queue.as_ref().map(|_| RequestIds::new()),
            sending,
            requests,
            events,
            order: Mutex::default(),
            in_flight: InFlight::default(),
            servers: Servers::default(),
            asked: Arc::default(),
        });
        tokio::spawn(read(replies, Arc::downgrade(&session)));
        tokio::spawn(take_back(session.asked.clone(), Arc::downgrade(&session)));
        Ok(session)
    }

    /// Ends it: what is in flight fails.
    pub(crate) fn end(&self) {
        self.in_flight.fail(TransportError::connection_closed());
    }

    pub(crate) async fn send(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Option<Bytes>, TransportError> {
        let call = self.in_flight.one()?.if_dropped(self.gives_up());
        let timeout = message.timeout.unwrap_or(self.sending.request_timeout);
        self.request(call.id(), message, timeout).await?;
        call.await
    }

    pub(crate) async fn send_stream(
        self: &Arc<Self>,
        message: &Outgoing<'_>,
    ) -> Result<Replies, TransportError> {
        let call = self.in_flight.many()?.if_dropped(self.gives_up());
        // Nobody knows when the last of several replies should have come.
        self.request(call.id(), message, Duration::MAX).await?;
        Ok(Box::pin(call))
    }

    /// Publishes an event and waits until the broker has it.
    pub(crate) async fn emit(&self, message: &Outgoing<'_>) -> Result<(), TransportError> {
        let pattern = Value::from(message.pattern).to_string();
        let body = write_event(pattern.as_bytes(), &message.payload, None, |parts| {
            parts.concat()
        });
        let (exchange, key) = self.sending.way(message, &body)?;
        let mode = delivery_mode(self.sending.persistent);
        let properties = BasicProperties::default().with_delivery_mode(mode);
        let properties = says(message, properties, &Extras::default())?;
        let options = BasicPublishOptions {
            // At an exchange it is no mistake if nobody listens.
            mandatory: self.sending.target.is_queue(),
            ..BasicPublishOptions::default()
        };
        let publish = self
            .events
            .basic_publish(exchange, key, options, &body, properties);
        let confirm = self.in_order(publish).await.map_err(lost)?;
        match Confirming(Some(confirm)).await.map_err(lost)? {
            Confirmation::Ack(None) | Confirmation::NotRequested => Ok(()),
            Confirmation::Ack(Some(_)) => Err(no_queue(message)),
            Confirmation::Nack(_) => {
                let message = "the broker did not take the event: its queue is full";
                Err(TransportError::of_kind(ErrorKind::Unavailable, message))
            }
        }
    }

    /// What says that a call is not waited for any more.
    fn gives_up(self: &Arc<Self>) -> impl FnOnce(u64) + Send + Unpin + use<> {
        let session = self.clone();
        move |number| session.servers.cancel(number, &session.requests)
    }

    async fn request(
        &self,
        number: u64,
        message: &Outgoing<'_>,
        timeout: Duration,
    ) -> Result<(), TransportError> {
        let pattern = Value::from(message.pattern).to_string();
        let name = self.id(number);
        let id = format!("\"{name}\"");
        let body = write_request(
            pattern.as_bytes(),
            &message.payload,
            None,
            id.as_bytes(),
            |parts| parts.concat(),
        );
        let (exchange, key) = self.sending.way(message, &body)?;
        let mut properties = BasicProperties::default()
            .with_reply_to(self.sending.reply_to())
            .with_correlation_id(name.as_str().into())
            .with_delivery_mode(delivery_mode(false));
        if timeout != Duration::MAX {
            properties = properties.with_expiration(millis(timeout).as_str().into());
        }
        let extras = Extras {
            timeout: Some(timeout),
            ..Extras::default()
        };
        let properties = says(message, properties, &extras)?;
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let publish = self
            .requests
            .basic_publish(exchange, key, options, &body, properties);
        publish.await.map_err(lost)?;
        self.asked.notify_one();
        Ok(())
    }

    /// What the request of that number is called by.
    fn id(&self, number: u64) -> String {
        match &self.ids {
            Some(ids) => ids.id(number),
            None => number.to_string(),
        }
    }

    pub(crate) fn number(&self, id: Option<&ShortString>) -> Option<u64> {
        let id = id?.as_str();
        match &self.ids {
            Some(ids) => ids.number(id),
            None => id.parse().ok(),
        }
    }

    /// Begins to publish alone; waits beside the others.
    async fn in_order<F: Future>(&self, publish: F) -> F::Output {
        let mut publish = pin!(publish);
        poll_fn(|cx| {
            let _alone = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            publish.as_mut().poll(cx)
        })
        .await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Whoever waits for requests is not to wait for ever.
        self.asked.notify_one();
    }
}

/// Gives each reply to its call.
async fn read(mut replies: Consumer, session: Weak<Session>) {
    while let Some(Ok(delivery)) = replies.next().await {
        let Some(session) = session.upgrade() else {
            return;
        };
        let properties = delivery.properties;
        let id = properties.correlation_id().as_ref();
        if let Some(number) = session.number(id) {
            match ReplyPacket::parse(&delivery.data.into()) {
                Ok(reply) => drop(session.in_flight.complete(number, reply)),
                Err(error) => tracing::warn!(%error, number, "a reply is no JSON and was dropped"),
            }
        } else if id.is_some_and(|id| id.as_str() == PEER)
            && let Some(server) = properties.reply_to()
        {
            session.servers.met(server, &session.requests);
        }
    }
    if let Some(session) = session.upgrade() {
        session.end();
    }
}

fn no_queue(message: &Outgoing<'_>) -> TransportError {
    let message = format!(
        "there is no queue for {:?}: it was deleted",
        message.pattern
    );
    TransportError::of_kind(ErrorKind::Unavailable, message)
}

fn lost(error: lapin::Error) -> TransportError {
    tracing::debug!(%error, "not sent: the channel is gone");
    TransportError::connection_closed()
}

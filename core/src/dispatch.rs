//! [`Dispatch`]: what a server calls with each message, and what it gets to
//! send back. A server knows nothing of handlers; a handler knows nothing of
//! sockets.
//!
//! The next file on a message's path is the dispatcher of
//! `nestrs-microservices`.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_core::Stream;
use serde_json::Value;

use crate::answer::Answer;
use crate::context::MessageContext;
use crate::extras;
use crate::headers::Headers;
use crate::packet::Packet;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// A boxed stream that may move between threads.
pub type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

/// What answers messages.
pub trait Dispatch: Send + Sync + 'static {
    /// Answers one message. Never panics and never fails: errors and panics of
    /// handlers are answers too.
    ///
    /// An event is answered with [`Answer::Silent`], with the error of a handler
    /// that failed, or with [`Answer::NoHandler`]. Its sender is told of none of
    /// them; a transport that delivers again what failed looks at it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler where it stands.
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer>;

    /// The routes that are answered: what a server subscribes to where its
    /// broker asks for that.
    fn routes(&self) -> Vec<String>;

    /// What all replicas of this service have in common, and no other service
    /// has: what brokers' queue groups and consumer groups are called unless
    /// options say otherwise. An application's is the path of its root module.
    fn service(&self) -> Option<&str> {
        None
    }

    /// What the author of a route's handlers had to say to the transport, as
    /// NestJS's `extras`: a queue group, a quality of service. `Null` where
    /// that is nothing.
    fn extras(&self, route: &str) -> Value {
        let _ = route;
        Value::Null
    }
}

/// A message on its way to its handlers.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Message {
    /// Whether an answer is wanted.
    pub kind: MessageKind,
    /// The pattern, as JSON.
    pub pattern: Bytes,
    /// The route it came by, where the broker says so: its handlers are those
    /// of that subscription, whatever other routes stand for the pattern. Else
    /// they are looked up by the pattern.
    pub route: Option<Arc<str>>,
    /// The payload, as JSON unless its context has another
    /// [`encoding`](MessageContext::encoding); `null` where the peer sent none.
    pub payload: Bytes,
    /// Where it came from, and what else is known of it.
    pub context: MessageContext,
}

/// Whether a message wants an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Exactly one handler runs, and the caller waits for what it returns.
    Request,
    /// Every handler runs, and nobody waits.
    Event,
}

impl Message {
    /// A message of JSON `pattern` and `payload`.
    ///
    /// ```
    /// use nestrs_core::{Message, MessageKind};
    ///
    /// let message = Message::new(MessageKind::Event, r#""user.created""#, r#"{"id":1}"#);
    /// assert_eq!(message.payload, r#"{"id":1}"#);
    /// ```
    pub fn new(kind: MessageKind, pattern: impl Into<Bytes>, payload: impl Into<Bytes>) -> Self {
        Self {
            kind,
            pattern: pattern.into(),
            route: None,
            payload: payload.into(),
            context: MessageContext::default(),
        }
    }

    /// The message in a packet, and the id to answer it by. A packet without
    /// an id is an event; that is all the difference NestJS makes. The packet's
    /// `metadata` are the headers of its context; the rest of that is for the
    /// server to fill.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use nestrs_core::packet::Packet;
    /// use nestrs_core::{Message, MessageKind};
    ///
    /// let packet = Packet::parse(&Bytes::from(r#"{"pattern":"ping","id":null}"#))?;
    /// let (message, id) = Message::from_packet(packet);
    /// assert_eq!(message.kind, MessageKind::Request);
    /// assert_eq!(id.unwrap(), "null");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_packet(packet: Packet) -> (Self, Option<Bytes>) {
        const NULL: Bytes = Bytes::from_static(b"null");
        let kind = if packet.id.is_some() {
            MessageKind::Request
        } else {
            MessageKind::Event
        };
        let pattern = packet.pattern.unwrap_or(NULL);
        let mut message = Self::new(kind, pattern, packet.data.unwrap_or(NULL));
        if let Some(metadata) = packet.metadata
            && !extras::are_all(&metadata)
        {
            message.context.headers = Headers::from_json(metadata);
        }
        message.context.id.clone_from(&packet.id);
        (message, packet.id)
    }
}

//! [`Ctx`]: what a handler, and what runs around it, can know of a message
//! beside its payload.
//!
//! The next file on a message's path is [`crate::payload`].

use std::borrow::Cow;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::{Headers, MessageContext, MessageKind};
use nestrs_di::__private::{InRoot, inventory};
use nestrs_di::{Descriptor, Injectable, Key};

use crate::handler::HandlerName;

/// A message without its payload. A handler takes one as a parameter; guards,
/// interceptors, pipes and filters get one. It derefs to the
/// [`MessageContext`], which has headers, deadline and the transport's own
/// context. What is `#[injectable(scope = "request")]` can inject it, as
/// `Arc<Ctx>`. Clones are cheap.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{Ctx, micro_routes};
///
/// struct Orders;
///
/// #[micro_routes]
/// impl Orders {
///     #[message_pattern("orders.count")]
///     async fn count(&self, ctx: Ctx) -> usize {
///         println!("{} asks by {}", ctx.headers.get("tenant").unwrap_or("nobody"), ctx.transport);
///         ctx.pattern().len()
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Ctx {
    /// What was sent, where the handler's pattern has wildcards for it.
    pub(crate) subject: Option<Arc<str>>,
    pub(crate) kind: MessageKind,
    pub(crate) handler: Arc<Named>,
    pub(crate) context: MessageContext,
}

/// Which handler a message is for, by which of its patterns.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) route: Box<str>,
    pub(crate) name: HandlerName,
}

impl Ctx {
    /// The pattern as a route: the one that was sent, where the handler's has
    /// wildcards.
    pub fn pattern(&self) -> &str {
        self.subject.as_deref().unwrap_or(&self.handler.route)
    }

    /// Whether the sender waits for an answer.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// Which handler it is for.
    pub fn handler(&self) -> HandlerName {
        self.handler.name
    }

    /// What the message is called by in the logs of both sides: what its
    /// sender said with
    /// [`correlation_id`](crate::ClientMessage::correlation_id), or else the id
    /// of the request. Empty for an event of which the sender said nothing.
    ///
    /// ```
    /// # extern crate nestrs_microservices as nestrs;
    /// use nestrs_microservices::{ClientProxy, Ctx, TransportError, micro_routes};
    ///
    /// struct Orders {
    ///     billing: ClientProxy,
    /// }
    ///
    /// #[micro_routes]
    /// impl Orders {
    ///     #[message_pattern("orders.pay")]
    ///     async fn pay(&self, ctx: Ctx, order: u32) -> Result<(), TransportError> {
    ///         let bill = self.billing.message("bill", &order);
    ///         bill.correlation_id(ctx.correlation_id()).send().await
    ///     }
    /// }
    /// ```
    pub fn correlation_id(&self) -> Cow<'_, str> {
        correlation_id(&self.context.headers, self.context.id.as_ref())
    }
}

/// See [`Ctx::correlation_id`].
pub(crate) fn correlation_id<'a>(headers: &'a Headers, id: Option<&'a Bytes>) -> Cow<'a, str> {
    if let Some(said) = headers.get(CORRELATION_ID) {
        return Cow::Borrowed(said);
    }
    let id = id.map_or(&[][..], |id| id);
    // A string without its quotes.
    let quoted = id.strip_prefix(b"\"").and_then(|id| id.strip_suffix(b"\""));
    String::from_utf8_lossy(quoted.unwrap_or(id))
}

/// The header that says by what a message is called in logs.
pub(crate) const CORRELATION_ID: &str = "x-correlation-id";

impl Deref for Ctx {
    type Target = MessageContext;

    fn deref(&self) -> &MessageContext {
        &self.context
    }
}

/// Every application has it, for the time of a message.
impl Injectable for Ctx {
    const DESCRIPTOR: &'static Descriptor = &Descriptor::supplied(Key::of::<Self>());
}

inventory::submit! { InRoot(Ctx::DESCRIPTOR) }

//! What Redis knows of a message: the `native` part of its context.

/// Where a message was published: the `native` part of its context.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_redis::RedisContext;
///
/// fn channel(context: &MessageContext) -> &str {
///     context.native::<RedisContext>().map_or("not by Redis", |redis| redis.channel())
/// }
/// # assert_eq!(channel(&MessageContext::new("pigeon")), "not by Redis");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisContext {
    /// The channel, as NestJS's `getChannel()`; for an event from a stream that
    /// of its pattern.
    pub channel: String,
    /// The pattern with wildcards that it was received by, if it was.
    pub subscribed: Option<String>,
    /// For an event from a stream: which entry of it, and how often it was
    /// tried.
    pub delivery: Option<RedisDelivery>,
}

impl RedisContext {
    /// The channel that the message was published to.
    pub fn channel(&self) -> &str {
        &self.channel
    }
}

/// An event that came from a stream, see [`crate::durable`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisDelivery {
    /// The key of the stream.
    pub stream: String,
    /// The entry's id there: the same each time the event is delivered, so what
    /// was done already can be told by it.
    pub id: String,
    /// Which attempt this is, from 1.
    pub attempt: usize,
}

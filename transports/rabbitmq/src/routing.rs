//! [`RabbitMqRouting`]: how a message finds its server. What has to be
//! declared for that is in `topology.rs`.

use lapin::ExchangeKind;

/// The exchange that servers and clients share unless told otherwise.
pub const DEFAULT_EXCHANGE: &str = "nestrs";

/// How messages find their server. Both sides have to mean the same; NestJS
/// says it with the options in the last column.
///
/// | | the server consumes | a client publishes to | NestJS |
/// |---|---|---|---|
/// | `Topic`, no queue | a queue of the service's own, bound by its patterns | the exchange, by pattern | |
/// | `Topic` | that queue, bound by its patterns | the exchange, by pattern | `wildcards: true` |
/// | `Queue` | that queue | the queue | `queue` |
/// | `Fanout` | that queue, or one of the instance's own | the exchange | `exchangeType: 'fanout'` |
/// | `Bound` | that queue, bound by the key | the queue | `exchange`, `routingKey` |
///
/// ```
/// use nestrs_transport_rabbitmq::RabbitMqRouting;
///
/// assert_eq!(
///     RabbitMqRouting::default(),
///     RabbitMqRouting::Topic { exchange: "nestrs".into(), queue: None, routing_key: None },
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RabbitMqRouting {
    /// Through a topic exchange, where each service is sent what it has
    /// handlers for. Two services never take each other's messages, and the
    /// instances of one share its queue.
    Topic {
        /// The exchange, declared if it is not there.
        exchange: String,
        /// The queue; unless it is named it is called `nestrs.` and the name of
        /// the service, and goes when nobody consumed it for a week. A server
        /// that has no name either gets one that goes with its connection.
        queue: Option<String>,
        /// One more key to bind the queue by.
        routing_key: Option<String>,
    },
    /// Straight to a queue.
    Queue {
        /// The queue.
        queue: String,
    },
    /// To each queue that is bound to an exchange.
    Fanout {
        /// The exchange, declared if it is not there.
        exchange: String,
        /// The queue; unless it is named each instance has one that goes with
        /// its connection, and is sent every message.
        queue: Option<String>,
    },
    /// To a queue that an exchange of any kind delivers to as well.
    Bound {
        /// The exchange, declared by the server if it is not there.
        exchange: String,
        /// Its kind.
        kind: RabbitMqExchange,
        /// The queue, which clients send to straight.
        queue: String,
        /// What it is bound by.
        routing_key: String,
    },
}

/// The kinds of exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum RabbitMqExchange {
    /// By the whole key.
    Direct,
    /// To all.
    Fanout,
    /// By headers.
    Headers,
    /// By words of the key.
    #[default]
    Topic,
}

impl Default for RabbitMqRouting {
    fn default() -> Self {
        Self::topic(DEFAULT_EXCHANGE)
    }
}

impl RabbitMqRouting {
    /// Through a topic exchange, to a queue named after the service.
    pub fn topic(exchange: impl Into<String>) -> Self {
        Self::Topic {
            exchange: exchange.into(),
            queue: None,
            routing_key: None,
        }
    }

    /// NestJS's `wildcards: true`: a queue, and an exchange of the same name.
    ///
    /// ```
    /// # use nestrs_transport_rabbitmq::RabbitMqRouting;
    /// let RabbitMqRouting::Topic { exchange, queue, .. } = RabbitMqRouting::wildcards("orders") else {
    ///     unreachable!()
    /// };
    /// assert_eq!((exchange, queue), ("orders".into(), Some("orders".into())));
    /// ```
    pub fn wildcards(queue: impl Into<String>) -> Self {
        let queue = queue.into();
        Self::Topic {
            exchange: queue.clone(),
            queue: Some(queue),
            routing_key: None,
        }
    }

    /// NestJS's default: straight to a queue.
    pub fn queue(queue: impl Into<String>) -> Self {
        Self::Queue {
            queue: queue.into(),
        }
    }

    /// NestJS's `exchangeType: 'fanout'`: to every instance.
    pub fn fanout(exchange: impl Into<String>) -> Self {
        Self::Fanout {
            exchange: exchange.into(),
            queue: None,
        }
    }

    pub(crate) fn exchange(&self) -> Option<(&str, ExchangeKind)> {
        match self {
            Self::Topic { exchange, .. } => Some((exchange, ExchangeKind::Topic)),
            Self::Fanout { exchange, .. } => Some((exchange, ExchangeKind::Fanout)),
            Self::Bound { exchange, kind, .. } => Some((exchange, (*kind).into())),
            Self::Queue { .. } => None,
        }
    }
}

impl From<RabbitMqExchange> for ExchangeKind {
    fn from(kind: RabbitMqExchange) -> Self {
        match kind {
            RabbitMqExchange::Direct => Self::Direct,
            RabbitMqExchange::Fanout => Self::Fanout,
            RabbitMqExchange::Headers => Self::Headers,
            RabbitMqExchange::Topic => Self::Topic,
        }
    }
}

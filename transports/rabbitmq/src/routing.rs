//! [`RabbitMqRouting`]: how a message finds its server, and what has to be
//! declared for that on either side.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};

use crate::queue::RabbitMqQueueOptions;
use crate::table::short;

/// The exchange that servers and clients share unless told otherwise.
pub const DEFAULT_EXCHANGE: &str = "nestrs";

/// How long a queue that was named after its service outlives the last of its
/// consumers.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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

    fn exchange(&self) -> Option<(&str, ExchangeKind)> {
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

/// What a server declares and consumes.
pub(crate) struct Source {
    exchange: Option<(ShortString, ExchangeKind)>,
    /// Empty where the broker is to name it.
    queue: ShortString,
    bindings: Vec<ShortString>,
    dead_letters: Option<ShortString>,
    options: RabbitMqQueueOptions,
    arguments: FieldTable,
}

/// Where a client publishes to.
pub(crate) struct Target {
    exchange: Option<(ShortString, ExchangeKind)>,
    /// Where all messages go, whatever their pattern.
    queue: Option<ShortString>,
    options: RabbitMqQueueOptions,
    arguments: FieldTable,
}

impl Source {
    pub(crate) fn new(
        routing: &RabbitMqRouting,
        options: &RabbitMqQueueOptions,
        service: Option<&str>,
        routes: &[String],
    ) -> Result<Self, String> {
        let mut options = options.clone();
        let (queue, keys): (_, Vec<&str>) = match routing {
            RabbitMqRouting::Topic {
                queue, routing_key, ..
            } => {
                let of_service = service.filter(|_| queue.is_none());
                if of_service.is_some() {
                    options.expires = options.expires.or(Some(ABANDONED));
                }
                let queue = queue.clone();
                let queue = queue.or(of_service.map(|service| format!("nestrs.{service}")));
                let keys = routes.iter().chain(routing_key).map(String::as_str);
                (queue, keys.collect())
            }
            RabbitMqRouting::Queue { queue } => (Some(queue.clone()), Vec::new()),
            RabbitMqRouting::Fanout { queue, .. } => (queue.clone(), vec![""]),
            RabbitMqRouting::Bound {
                queue, routing_key, ..
            } => (Some(queue.clone()), vec![routing_key]),
        };
        let queue = queue.unwrap_or_default();
        if queue.is_empty() {
            // Nobody could find a queue of an unknown name again.
            (options.declare, options.exclusive, options.durable) = (true, true, false);
        }
        Ok(Self {
            exchange: named(routing)?,
            queue: short(queue)?,
            bindings: keys.into_iter().map(short).collect::<Result<_, _>>()?,
            dead_letters: options.dead_letter_queue.clone().map(short).transpose()?,
            arguments: options.table()?,
            options,
        })
    }

    /// Declares it all, and gives the name of the queue.
    pub(crate) async fn declare(&self, channel: &Channel) -> lapin::Result<ShortString> {
        let queue = declare_queue(channel, &self.queue, &self.options, &self.arguments).await?;
        if let Some(dead_letters) = &self.dead_letters {
            let durable = RabbitMqQueueOptions::default();
            declare_queue(channel, dead_letters, &durable, &FieldTable::default()).await?;
        }
        if let Some((exchange, kind)) = &self.exchange {
            declare_exchange(channel, exchange, kind).await?;
            for key in &self.bindings {
                let bind = channel.queue_bind(
                    queue.clone(),
                    exchange.clone(),
                    key.clone(),
                    QueueBindOptions::default(),
                    FieldTable::default(),
                );
                bind.await?;
            }
        }
        Ok(queue)
    }
}

impl Target {
    pub(crate) fn new(
        routing: &RabbitMqRouting,
        options: &RabbitMqQueueOptions,
    ) -> Result<Self, String> {
        let queue = match routing {
            RabbitMqRouting::Queue { queue } | RabbitMqRouting::Bound { queue, .. } => Some(queue),
            _ => None,
        };
        if queue.is_some_and(String::is_empty) {
            return Err("`queue` of `RabbitMqRouting` is empty: name the server's".to_owned());
        }
        Ok(Self {
            exchange: named(routing)?.filter(|_| queue.is_none()),
            queue: queue.map(|queue| short(queue.as_str())).transpose()?,
            options: options.clone(),
            arguments: options.table()?,
        })
    }

    pub(crate) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        if let Some(queue) = &self.queue {
            declare_queue(channel, queue, &self.options, &self.arguments).await?;
        }
        if let Some((exchange, kind)) = &self.exchange {
            declare_exchange(channel, exchange, kind).await?;
        }
        Ok(())
    }

    /// The exchange and the key of a message.
    pub(crate) fn of(&self, pattern: &str) -> Result<(ShortString, ShortString), String> {
        match (&self.exchange, &self.queue) {
            (Some((exchange, _)), _) => Ok((exchange.clone(), short(pattern)?)),
            (None, Some(queue)) => Ok((ShortString::default(), queue.clone())),
            (None, None) => Err("there is neither an exchange nor a queue".to_owned()),
        }
    }

    /// Whether a message that finds no queue is a mistake: an event that nobody
    /// listens to is none.
    pub(crate) fn is_queue(&self) -> bool {
        self.queue.is_some()
    }
}

fn named(routing: &RabbitMqRouting) -> Result<Option<(ShortString, ExchangeKind)>, String> {
    match routing.exchange() {
        Some(("", _)) => Err("`exchange` of `RabbitMqRouting` is empty: name one".to_owned()),
        Some((exchange, kind)) => Ok(Some((short(exchange)?, kind))),
        None => Ok(None),
    }
}

async fn declare_exchange(
    channel: &Channel,
    exchange: &ShortString,
    kind: &ExchangeKind,
) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let arguments = FieldTable::default();
    channel
        .exchange_declare(exchange.clone(), kind.clone(), options, arguments)
        .await
}

async fn declare_queue(
    channel: &Channel,
    queue: &ShortString,
    options: &RabbitMqQueueOptions,
    arguments: &FieldTable,
) -> lapin::Result<ShortString> {
    if !options.declare {
        return Ok(queue.clone());
    }
    let declare = QueueDeclareOptions {
        durable: options.durable,
        exclusive: options.exclusive,
        auto_delete: options.auto_delete,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(queue.clone(), declare, arguments.clone());
    Ok(declared.await?.name().clone())
}

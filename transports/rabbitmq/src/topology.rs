//! What has to be declared at the broker, on either side, for messages to find
//! their server.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, ExchangeKind};
use serde_json::{Map, Value};

use crate::queue::RabbitMqQueueOptions;
use crate::routing::RabbitMqRouting;
use crate::table::{self, short};

/// How long a queue that was named after its service outlives the last of its
/// consumers.
const ABANDONED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a server declares and consumes.
pub(crate) struct Source {
    exchange: Option<Exchange>,
    /// Empty where the broker is to name it.
    queue: ShortString,
    bindings: Vec<ShortString>,
    dead_letters: Option<ShortString>,
    options: RabbitMqQueueOptions,
    arguments: FieldTable,
}

/// Where a client publishes to.
pub(crate) struct Target {
    exchange: Option<Exchange>,
    /// Where all messages go, whatever their pattern.
    queue: Option<ShortString>,
    options: RabbitMqQueueOptions,
    arguments: FieldTable,
}

struct Exchange {
    name: ShortString,
    kind: ExchangeKind,
    arguments: FieldTable,
}

impl Source {
    pub(crate) fn new(
        routing: &RabbitMqRouting,
        exchange_arguments: &Map<String, Value>,
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
            exchange: Exchange::of(routing, exchange_arguments)?,
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
        if let Some(exchange) = &self.exchange {
            exchange.declare(channel).await?;
            for key in &self.bindings {
                let bind = channel.queue_bind(
                    queue.clone(),
                    exchange.name.clone(),
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
        exchange_arguments: &Map<String, Value>,
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
            exchange: Exchange::of(routing, exchange_arguments)?.filter(|_| queue.is_none()),
            queue: queue.map(|queue| short(queue.as_str())).transpose()?,
            options: options.clone(),
            arguments: options.table()?,
        })
    }

    pub(crate) async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        if let Some(queue) = &self.queue {
            declare_queue(channel, queue, &self.options, &self.arguments).await?;
        }
        if let Some(exchange) = &self.exchange {
            exchange.declare(channel).await?;
        }
        Ok(())
    }

    /// The exchange and the key of a message.
    pub(crate) fn of(&self, pattern: &str) -> Result<(ShortString, ShortString), String> {
        match (&self.exchange, &self.queue) {
            (Some(exchange), _) => Ok((exchange.name.clone(), short(pattern)?)),
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

impl Exchange {
    fn of(
        routing: &RabbitMqRouting,
        arguments: &Map<String, Value>,
    ) -> Result<Option<Self>, String> {
        let Some((name, kind)) = routing.exchange() else {
            return match arguments.is_empty() {
                true => Ok(None),
                false => Err("`exchange_arguments` are given, and no exchange".to_owned()),
            };
        };
        if name.is_empty() {
            return Err("`exchange` of `RabbitMqRouting` is empty: name one".to_owned());
        }
        Ok(Some(Self {
            name: short(name)?,
            kind,
            arguments: table::of_json(arguments)?,
        }))
    }

    async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        let options = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let (name, kind) = (self.name.clone(), self.kind.clone());
        channel
            .exchange_declare(name, kind, options, self.arguments.clone())
            .await
    }
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

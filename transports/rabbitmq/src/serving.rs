//! One connection of a server: its queue is consumed until the connection is
//! lost or the server is stopped.
//!
//! The next file on a message's path is `handling.rs`.

use std::sync::Arc;

use futures_util::StreamExt;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer};
use nestrs_core::Dispatch;
use nestrs_core::intake::Intake;

use crate::callers::Callers;
use crate::handling::Desk;
use crate::link::Link;
use crate::server::RabbitMqMicroserviceOptions;
use crate::settle::Settler;
use crate::topology::Source;

/// What all connections of a server have in common.
pub(crate) struct Service {
    pub(crate) options: RabbitMqMicroserviceOptions,
    pub(crate) source: Source,
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) intake: Intake,
}

/// A connection that is consumed from.
pub(crate) struct Serving {
    link: Link,
    consumer: Consumer,
    desk: Arc<Desk>,
    /// Unless the broker forgets messages as it delivers them.
    settler: Option<Settler>,
    intake: Intake,
}

impl Service {
    /// Declares what has to be there and begins to consume.
    pub(crate) async fn begin(&self, link: Link) -> lapin::Result<Serving> {
        let channel = link.connection.create_channel().await?;
        let queue = self.source.declare(&channel).await?;
        let options = &self.options;
        if !options.no_ack {
            let global = options.global_prefetch;
            let prefetch = channel.basic_qos(options.prefetch, BasicQosOptions { global });
            prefetch.await?;
        }
        let callers = Callers::listen(link.connection.create_channel().await?).await?;
        let consumer = self.consume(&channel, queue).await?;
        let desk = Desk {
            dispatch: self.dispatch.clone(),
            shutdown: self.intake.shutdown().clone(),
            on_failure: options.on_failure,
            max_message_size: options.max_message_size,
            channel: channel.clone(),
            callers,
        };
        Ok(Serving {
            link,
            consumer,
            desk: Arc::new(desk),
            settler: (!options.no_ack).then(|| Settler::start(channel)),
            intake: self.intake.clone(),
        })
    }

    async fn consume(&self, channel: &Channel, queue: ShortString) -> lapin::Result<Consumer> {
        let options = BasicConsumeOptions {
            no_ack: self.options.no_ack,
            ..BasicConsumeOptions::default()
        };
        let tag = self.options.consumer_tag.as_deref().unwrap_or_default();
        let consume = channel.basic_consume(queue, tag.into(), options, FieldTable::default());
        consume.await
    }
}

impl Serving {
    pub(crate) fn address(&self) -> String {
        self.link.address.to_string()
    }

    /// Takes messages in until there is a reason not to: why the connection was
    /// lost, or `None` once the server is stopping.
    pub(crate) async fn run(&mut self) -> Option<String> {
        let shutdown = self.intake.shutdown().clone();
        let Self {
            link,
            consumer,
            desk,
            settler,
            intake,
        } = self;
        tokio::select! {
            biased;
            () = shutdown.stopping() => None,
            lost = link.lost() => Some(lost),
            ended = take(consumer, desk, settler.as_ref(), intake) => match ended {
                _ if shutdown.is_stopping() => None,
                why => Some(why),
            },
        }
    }

    /// Finishes what is in hand.
    pub(crate) async fn drain(&mut self) {
        let cancel = BasicCancelOptions::default();
        let cancelled = self.desk.channel.basic_cancel(self.consumer.tag(), cancel);
        if let Err(error) = cancelled.await {
            tracing::debug!(%error, "the queue is not consumed any more anyway");
        }
        self.intake.drained().await;
        if let Some(settler) = self.settler.take() {
            settler.finish().await;
        }
        // The broker answers once it has seen everything before.
        if let Err(error) = self.desk.channel.close(200, "OK".into()).await {
            tracing::debug!(%error, "the channel is closed already");
        }
    }

    /// Ends the connection. What was delivered but not settled goes back to its
    /// queue; replies and receipts of what is still in hand are void.
    pub(crate) async fn close(self) {
        self.link.close().await;
    }
}

/// Takes messages in until the queue is not consumed any more.
async fn take(
    consumer: &mut Consumer,
    desk: &Arc<Desk>,
    settler: Option<&Settler>,
    intake: &Intake,
) -> String {
    loop {
        let delivery = match consumer.next().await {
            Some(Ok(delivery)) => delivery,
            Some(Err(error)) => return error.to_string(),
            None => return "the broker cancelled the consumer: its queue is gone".to_owned(),
        };
        let receipt = settler.map(|settler| settler.receipt(delivery.delivery_tag));
        let Some(received) = desk.read(delivery, receipt) else {
            continue;
        };
        let Some(admission) = intake.admit().await else {
            return "the server is stopping".to_owned();
        };
        if admission.has_waited() && received.message.context.is_over() {
            received.give_up();
            continue;
        }
        admission.run(desk.clone().handle(received));
        // The driver has a thread of its own: with it there is no end to what is ready.
        tokio::task::coop::consume_budget().await;
    }
}

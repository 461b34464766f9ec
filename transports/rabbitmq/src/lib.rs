//! RabbitMQ for nestrs, on the wire of `@nestjs/microservices` 11 and 12: a
//! NestJS client calls a [`RabbitMqMicroserviceOptions`] server, a
//! [`RabbitMqTransport`] calls a NestJS server, and neither can tell.
//!
//! # Our concepts, on RabbitMQ
//!
//! | concept | RabbitMQ |
//! |---|---|
//! | how a message finds its server | [`RabbitMqRouting`]: by its pattern through a topic exchange unless told otherwise, or as NestJS has it |
//! | request, event | a message whose body is the packet; a request has an `id` in it, `replyTo` and `correlationId` beside it |
//! | reply | a message to `replyTo`, under the request's `correlationId`, without an `id` |
//! | where replies go | `amq.rabbitmq.reply-to`: no queue, one channel; or a [queue](RabbitMqTransportOptions::reply_queue) of the client's |
//! | headers | headers; what a handler does not see as text is in [`RabbitMqContext::properties`] |
//! | a call that is not waited for any more | the broker drops it while it waits (`expiration`), a nestrs server drops its handler: at the deadline it was told, or when the client says so (see `callers.rs`) |
//! | nobody has the pattern | the broker returns the request, or the server answers it; it fails at once |
//! | scale-out | instances of a service consume one queue |
//! | back-pressure | the broker delivers no more than [`prefetch`](RabbitMqMicroserviceOptions::prefetch) messages that are not settled |
//!
//! **Delivery** of events is at least once, other than with NestJS's defaults:
//! `emit` returns once the broker has the event (on disk, where queues are
//! durable), and the server acknowledges it after its handlers. An event whose
//! connection breaks in between is delivered again; one whose handler fails
//! goes where [`RabbitMqFailurePolicy`] says. With `no_ack` it is at most once. An event
//! that is published to an exchange while no queue is bound for it is gone:
//! queues of services stay bound while these are away.
//!
//! Requests are handled at least once too, if their server fails; the client
//! never sends one twice.
//!
//! # Limits
//!
//! Patterns and names are 255 bytes long at most, messages as long as
//! `max_message_size`.
//!
//! # Layout
//!
//! Both sides: [`broker`] says where brokers are, `address` and `link` connect
//! to them (through `tls`), [`routing`] and [`queue`] declare what has to be
//! there, `table` holds headers.
//!
//! [`server`] keeps connections up; `serving` consumes from one; `handling` is
//! one message, with its [`context`]; `settle` tells the broker what became of
//! it, as [`failure`] says; `callers` are those who may give up. `topology` is
//! what both sides declare.
//!
//! [`client`] has a `keeper` that keeps a connection up; `session` is one,
//! `sending` says where a message goes, `confirming` is an event on its way, and
//! `returned` a request that found no queue; [`record`] is what one message may ask
//! for; `servers` are told of what is given up.
//!
//! The next file on a message's path is `server.rs`.

mod address;
pub mod broker;
mod callers;
pub mod client;
mod confirming;
pub mod context;
pub mod failure;
mod handling;
mod keeper;
mod link;
pub mod queue;
pub mod record;
mod returned;
pub mod routing;
mod sending;
pub mod server;
mod servers;
mod serving;
mod session;
mod settle;
mod table;
#[cfg(feature = "tls")]
mod tls;
mod topology;

pub use broker::RabbitMqConnection;
pub use client::{RabbitMqTransport, RabbitMqTransportOptions};
pub use context::RabbitMqContext;
pub use failure::RabbitMqFailurePolicy;
/// The driver, whose types are in [`RabbitMqContext::properties`] and behind
/// [`Transport::driver`](nestrs_core::Transport::driver).
pub use lapin;
pub use queue::RabbitMqQueueOptions;
pub use record::RabbitMqRecord;
pub use routing::{DEFAULT_EXCHANGE, RabbitMqExchange, RabbitMqRouting};
pub use server::RabbitMqMicroserviceOptions;

/// What every broker takes in one message: RabbitMQ 4's limit.
const MAX_MESSAGE_SIZE: usize = 16 * 1024 * 1024;

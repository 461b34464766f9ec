//! Apache Kafka for nestrs, on the wire of `@nestjs/microservices` 11 and 12: a
//! NestJS client calls a [`KafkaMicroserviceOptions`] server, a
//! [`KafkaTransport`] calls a NestJS server, and neither can tell.
//!
//! # Our concepts, on Kafka
//!
//! | concept | Kafka |
//! |---|---|
//! | pattern | a topic of that name |
//! | request | a record with `kafka_correlationId`, `kafka_replyTopic` and `kafka_replyPartition` in its headers |
//! | event | a record without these |
//! | payload | the value: objects and arrays as JSON, everything else as text (see `encoding.rs`) |
//! | reply | a record in `<topic>.reply`, in the partition asked for, under the request's correlation id; `kafka_nest-is-disposed` on the last, `kafka_nest-err` on one that is an error |
//! | where replies go | one partition of each topic of replies, assigned to the client: no group, so no rebalance loses a reply |
//! | headers | headers; what a handler does not see as text is in [`KafkaContext::records`] |
//! | a call that is not waited for any more | a nestrs server is told beforehand how long it is waited for, and drops its handler then; if it is dropped earlier, nobody hears of that |
//! | nobody has the pattern | nobody says so: the call times out |
//! | scale-out | replicas of a service share the partitions of each topic ([`KafkaSharing`]), in the consumer group `<group_id>-server` |
//! | back-pressure | a partition with [`prefetch`](KafkaMicroserviceOptions::prefetch) records that are not done with is paused |
//!
//! **Delivery** of events is at least once: `emit` returns once the brokers have
//! the event (all replicas in sync, never twice), and a partition's offset is
//! committed once the handlers of all before it have ended. What was in hand
//! when a server failed is handled again. An event whose handler fails is tried
//! again and then sent to a topic of dead ones, as [`KafkaFailurePolicy`] says.
//!
//! Events of one partition are handled in order, one after the other, unless
//! [`KafkaOrder`] says otherwise; those of other partitions meanwhile. Requests
//! are handled side by side. A request is handled at least once too, if its
//! server fails; the client never sends one twice.
//!
//! # Limits
//!
//! Patterns are names of topics: 243 letters of ASCII, digits, `.`, `_` and `-`.
//! Records are as large as `max_message_size`, and the topic's own limit.
//!
//! # Features
//!
//! `tls`: TLS and SASL/SCRAM, with an OpenSSL that is built with the driver and
//! takes perl to do so. SASL/PLAIN alone needs neither.
//!
//! # Layout
//!
//! Both sides: [`broker`] says where brokers are, `link` hears from the driver
//! how they are, and `reason` what can be done about it; `topics` has topics there; `wire` and `encoding` are NestJS's
//! records; `producer` sends them.
//!
//! [`server`] starts a thread; `serving` is that thread, which polls; `group`
//! is given partitions and lets them go, as [`KafkaSharing`] says; `partition` handles the records of one,
//! as its `route` says, maybe in `lanes`; `progress` is how far it has come; `handling` is one
//! message, with its [`context`]; [`failure`] says what becomes of those that
//! fail, and [`dead`] what dead ones look like.
//!
//! [`client`] opens a `session`, which sends; `replies` come back; [`record`] is
//! what one message may ask for.
//!
//! The next file on a message's path is `server.rs`.

pub mod broker;
pub mod client;
pub mod context;
pub mod dead;
mod encoding;
pub mod failure;
mod group;
mod handling;
mod lanes;
mod link;
mod partition;
mod producer;
mod progress;
mod reason;
pub mod record;
mod replies;
mod route;
pub mod server;
mod serving;
mod session;
mod sharing;
#[cfg(feature = "tls")]
mod tls;
mod topics;
mod wire;

pub use broker::{KafkaConnection, KafkaSasl, KafkaSaslMechanism};
pub use client::{KafkaTransport, KafkaTransportOptions};
pub use context::{KafkaContext, KafkaReceived};
pub use failure::KafkaFailurePolicy;
#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use nestrs_core::tls::TlsClientOptions;
pub use producer::{KafkaDeliveries, KafkaProducer};
/// The driver, whose producer is behind
/// [`Transport::driver`](nestrs_core::Transport::driver).
pub use rdkafka;
pub use record::KafkaRecord;
pub use route::KafkaOrder;
pub use server::KafkaMicroserviceOptions;
pub use sharing::KafkaSharing;
pub use topics::KafkaTopics;

/// What brokers take in one record unless they are told otherwise.
const MAX_MESSAGE_SIZE: usize = 1_000_000;

//! NATS for nestrs, on the wire of `@nestjs/microservices` 11 and 12: a NestJS
//! client calls a [`NatsMicroserviceOptions`] server, a [`NatsTransport`] calls
//! a NestJS server, and neither can tell.
//!
//! # Our concepts, on NATS
//!
//! | concept | NATS |
//! |---|---|
//! | a pattern | a subject: its route, wildcards (`*`, `>`) included |
//! | a handler | a subscription to that; the broker's choice of subscription is the choice of handler |
//! | a server's replicas | a queue group, see [`NatsQueue`] |
//! | request, event, reply | a message with NestJS's JSON packet |
//! | which reply is whose | the subject it comes by: the client's one inbox and the call's id |
//! | nobody handles a pattern | the broker says so at once (`no responders`): [`ErrorKind::NoHandler`] |
//! | headers | NATS headers |
//! | how long a caller waits | `metadata` in the packet, which NestJS does not look at |
//! | a call that is not waited for any more | its reply subject, published to `_NESTRS.called-off`, where nestrs servers listen |
//! | back-pressure | none in NATS: what comes faster than it is handled waits, and is turned away when [`max_pending_bytes`](NatsMicroserviceOptions::max_pending_bytes) wait |
//!
//! **Delivery**: at most once. Whatever is under way when a connection is lost
//! may be lost: calls that wait fail with [`ErrorKind::ConnectionClosed`]. An
//! event is sent once it was handed to the operating system, together with those
//! that are emitted at the same time; if nobody listens nobody hears of it.
//!
//! **Limits**: messages of the broker's `max_payload` at most, headers
//! included; a larger one is [`ErrorKind::PayloadTooLarge`] at its sender.
//!
//! # Layout
//!
//! [`broker`] (with `address`) and [`auth`] say where the broker is and how to get in; `link` is
//! a connection to it, `outbox` what is handed to its driver, in memory that is `shared`, and
//! `failure` what that says.
//! [`client`] makes a `session` of one, whose calls are `waiting` for replies. [`server`] subscribes as [`queue`] says; `pump` then takes in
//! what comes: `received` is a message understood, `backlog` holds those that
//! wait for their turn, `replier` sends their answers, and `farewell` ends it. `context` is what NATS
//! itself knows of a message.
//! The next file on a message's path is `server.rs`.
//!
//! [`ErrorKind::NoHandler`]: nestrs_core::ErrorKind::NoHandler
//! [`ErrorKind::ConnectionClosed`]: nestrs_core::ErrorKind::ConnectionClosed
//! [`ErrorKind::PayloadTooLarge`]: nestrs_core::ErrorKind::PayloadTooLarge

mod address;
pub mod auth;
mod backlog;
pub mod broker;
mod called_off;
pub mod client;
mod context;
mod failure;
mod farewell;
mod link;
mod outbox;
mod pump;
pub mod queue;
mod received;
mod replier;
pub mod server;
mod session;
mod shared;
mod waiting;

#[doc(no_inline)]
pub use async_nats;
pub use auth::NatsAuth;
#[cfg(feature = "tls")]
pub use broker::NatsTls;
pub use broker::{DEFAULT_SERVER, NatsBroker};
pub use client::{NatsTransport, NatsTransportOptions};
pub use context::NatsContext;
#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use nestrs_core::tls::TlsClientOptions;
pub use queue::NatsQueue;
pub use server::NatsMicroserviceOptions;

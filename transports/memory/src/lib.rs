//! Messages within one process, without sockets: client and server behave as
//! over any other transport, so it is what tests use and what the other
//! transports are held against.
//!
//! # Our concepts, in memory
//!
//! | concept | in memory |
//! |---|---|
//! | address | a [`MemoryHub`], which has one server at a time and any number of clients |
//! | request, event, reply | handed over; payloads are JSON all the same |
//! | headers | handed over |
//! | a call that is not waited for any more | its handler is dropped |
//! | back-pressure | a sender waits while [`max_in_flight`](MemoryMicroserviceOptions::max_in_flight) messages are in hand |
//!
//! **Delivery**: at most once. A call to a server that is aborted fails with
//! [`ErrorKind::ConnectionClosed`]; an event is sent once the server took it in.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nestrs_core::dispatch::BoxFuture;
//! use nestrs_core::{Answer, Dispatch, Message, Shutdown, Transport, TransportServer};
//! use nestrs_transport_memory::{
//!     MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
//! };
//! use serde_json::json;
//!
//! struct Echo;
//!
//! impl Dispatch for Echo {
//!     fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
//!         Box::pin(async { Answer::One(Ok(Some(message.payload))) })
//!     }
//!     fn routes(&self) -> Vec<String> {
//!         Vec::new()
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hub = MemoryHub::new();
//! let server = Box::new(MemoryMicroserviceOptions::new(&hub));
//! let shutdown = Shutdown::new();
//! let running = server.start(Arc::new(Echo), shutdown.clone()).await?;
//!
//! let client = MemoryTransport::new(MemoryTransportOptions::new(&hub));
//! assert_eq!(client.send_json("echo", json!([1])).await?, json!([1]));
//!
//! shutdown.stop();
//! running.done.await;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! [`client`] finds the server in the [`hub`] and hands it messages;
//! [`server`] takes them in and answers. The next file on a message's path is
//! `server.rs`.
//!
//! [`ErrorKind::ConnectionClosed`]: nestrs_core::ErrorKind::ConnectionClosed

pub mod client;
pub mod hub;
pub mod server;

pub use client::{MemoryTransport, MemoryTransportOptions};
pub use hub::MemoryHub;
pub use server::MemoryMicroserviceOptions;

//! What a server and a client are told: where Redis is, who they are, and how
//! they behave.
//!
//! Back to the path of a message: `server.rs`.

mod access;
mod client;
mod durable;
mod server;

pub(crate) use access::shown;
pub use access::{RedisAccess, RedisSentinel};
pub use client::RedisTransportOptions;
pub use durable::RedisDurableOptions;
pub use server::RedisMicroserviceOptions;

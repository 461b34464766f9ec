//! Clients and servers at a real broker.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod calls;
mod common;
mod failures;
mod options;
mod recovery;
mod routing;
mod shutdown;
#[cfg(feature = "tls")]
mod tls;
mod wire;

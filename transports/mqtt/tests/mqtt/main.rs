//! Clients and servers at a real broker.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod access;
mod calls;
mod common;
mod faults;
mod limits;
mod raw;
mod routing;
mod sessions;
mod stop;
#[cfg(feature = "tls")]
mod tls;
mod wire;

//! Clients and servers at a real broker.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod calls;
mod common;
mod failures;
mod groups;
mod options;
mod order;
mod raw;
mod recovery;
mod security;
mod wire;

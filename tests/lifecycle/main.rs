//! How an application starts, or says why it does not, and how it ends.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;

mod constructors;
mod cors;
mod drain;
mod dropped;
mod grace_period;
mod http;
mod hybrid;
mod ports;
mod reports;

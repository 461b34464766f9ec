//! HTTP routes in the module graph, asked over sockets and in process.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;

mod asked;
mod extractors;
mod injection;
mod mounted;
mod one_port;
mod pipeline;
mod problems;
mod readiness;
mod routing;
mod servers;
mod versions;

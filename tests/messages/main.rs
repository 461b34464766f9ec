//! Messages, as those see them who write handlers and those who call them.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;

mod event_bus;
mod events;
mod global;
mod memory;
mod modules;
mod order;
mod panics;
mod patterns;
mod payloads;
mod returns;
mod two_applications;
mod unserved;

//! What every transport promises, as one suite for all of them.
//!
//! A transport takes part by a small [`Candidate`]: how its options are made for an address, and
//! what it declares about itself ([`Features`]). The cases hold it to exactly that. They count
//! messages by their ids: how many were attempted, acknowledged to the sender, seen by handlers,
//! lost and duplicated.
//!
//! `cargo xtask conformance [transport...]` prints a [`Row`] of JSON for each case, and a table.
//!
//! # Layout
//!
//! - `candidate`: what a transport tells the suite; `candidates` has one file for each
//! - `service`: the handlers that every case calls, and the log of what they saw
//! - `stand`: servers and clients of one case, apart from those of all others
//! - `load`: messages without end, while something breaks
//! - `cases`: one file for each promise
//! - `row`, `table`: what comes out
//! - `run`: which case runs when

mod candidate;
pub mod candidates;
mod cases;
mod failure;
mod load;
mod row;
mod run;
mod service;
mod stand;
mod table;

pub use self::{
    candidate::{Candidate, Delivery, Features, Limit, Place, Replicas, Settings},
    failure::Failure,
    row::Row,
    run::{Summary, run},
};

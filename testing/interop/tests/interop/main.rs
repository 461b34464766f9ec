//! Peers of different makes with each other, over every transport and in both directions.

mod contract;
mod harness;
mod nest_to_nest;
mod nestrs_peer;
mod tcp;

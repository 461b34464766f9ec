//! Peers of different makes with each other, over every transport and in both directions.

mod harness;
mod nest_to_nest;

//! Peers of different makes with each other, over every transport and in both directions.

#![allow(clippy::expect_used, reason = "helpers of tests panic as tests do")]

mod contract;
mod grpc;
mod harness;
mod kafka;
mod message_contract;
mod metadata;
mod mqtt;
mod nats;
mod nest_to_nest;
mod nestrs_peer;
mod pipeline;
mod rabbitmq;
mod redis;
mod tcp;

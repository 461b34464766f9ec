//! Unmodified NestJS services as peers, started and stopped by the tests that talk to them.
//!
//! Every server, whatever it is written in, implements one contract (`node/contract.mjs` states
//! it); every client plays the same [`cases`](cases()) against it. So a test of a direction is:
//! start a server, make a client, [`play`].
//!
//! ```no_run
//! use nestrs_interop::{Direction, Error, NestClient, NestServer, Nest, cases, play};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Error> {
//! let server = NestServer::start(Nest::V12, "tcp", &json!({ "host": "127.0.0.1", "port": 0 })).await?;
//! let options = json!({ "host": "127.0.0.1", "port": server.port() });
//! let client = NestClient::start(Nest::V11, "tcp", &options).await?;
//! let direction = Direction::new("tcp", Nest::V11, Nest::V12);
//! play(&direction, &client, &cases()).await?;
//! client.stop().await?;
//! server.stop().await
//! # }
//! ```
//!
//! # Layout
//!
//! - `nest`: the versions there are, and where their packages are
//! - `peer`: a Node process, from its ready line to its end
//! - `server`, `client`: the two peer programs
//! - `command`: what a client is told to do, and what it saw
//! - `case`: what is expected of an exchange
//! - `cases`: the exchanges that every pair of peers goes through
//! - `play`: going through them, one printed line each

mod case;
mod cases;
mod client;
mod command;
mod error;
mod nest;
mod peer;
mod play;
mod server;

pub use case::{Case, Expect, Flow, Step};
pub use cases::cases;
pub use client::NestClient;
pub use command::{Caller, Command, Operation, Seen};
pub use error::Error;
pub use nest::Nest;
pub use play::{Direction, play};
pub use server::NestServer;

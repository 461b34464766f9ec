//! Real brokers for tests, and a proxy that breaks the way to them.
//!
//! A broker runs as a child of the test on a loopback port of its own, with its data in a private
//! folder. It ends with the test, however that ends: a second process waits for us to be gone.
//!
//! ```no_run
//! # async fn f() -> Result<(), nestrs_brokers::Error> {
//! use nestrs_brokers::{Broker, Proxy};
//!
//! let mut broker = Broker::nats().start().await?;
//! let proxy = Proxy::start(broker.address()).await?;
//! println!("{} by way of {}", broker.url(), proxy.address());
//! proxy.cut();              // every connection through the proxy ends
//! broker.kill();            // SIGKILL
//! broker.restart().await?;  // on the same port and data
//! # Ok(()) }
//! ```
//!
//! A test that breaks nothing needs no broker of its own: [`shared`] has one of each for the
//! whole process, or for all processes under `cargo xtask test`.
//!
//! # Layout
//!
//! - `options`: what to start, and how (TLS, users)
//! - `broker`: one that runs, and what can be done to it
//! - `recipe`: files and command lines; one file for each of `nats`, `redis`, `rabbitmq`,
//!   `mosquitto` and `kafka`
//! - `ready`: whether a broker answers
//! - `process`, `folder`: children, and the end of everything when we are gone
//! - `ports`, `certificates`, `programs`: what a broker is given
//! - `shared`: one broker for many tests
//! - `main`, `set`, `standing`: the program that `cargo xtask` starts a shared set with
//! - `computed`: what it costs to wait for a broker
//! - `proxy`: a way to a broker that can be cut, refused, slowed and reset

mod broker;
mod certificates;
mod computed;
mod error;
mod folder;
mod kafka;
mod mosquitto;
mod nats;
mod options;
mod ports;
mod process;
mod programs;
mod proxy;
mod rabbitmq;
mod ready;
mod recipe;
mod redis;
pub mod shared;

pub use self::{
    broker::Broker,
    certificates::Certificates,
    computed::computed,
    error::Error,
    kafka::kafka_tool,
    options::{BrokerOptions, Kind},
    ports::free_port,
    proxy::Proxy,
};

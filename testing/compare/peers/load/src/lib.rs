//! What every contender in Rust does when it is told to. Those in other languages do the same.
//!
//! A contender is a program: `<program> server <transport> <address>` and `<program> client <transport> <address>`. Both print one line
//! of JSON when they are ready, a server with the address for clients in it: `{"ready":"127.0.0.1:4000"}`. Both end when their stdin
//! does. A client reads [orders](orders::Order), one line of JSON each, carries them out one after the other and prints one line with the
//! [`Outcome`] of each.
//!
//! Every server answers `echo` with the [`Note`] it is sent, `stream` with as many [`Number`]s as it is [asked](Ask) for, and `seen` with the
//! [`Number`] of events `note` that have come.
//!
//! # Layout
//! [`caller`]: what a contender has to be able to do. [`orders`]: what it is told. `calls`, `paced`, `events`, `streams`, `connections`:
//! one order each. [`outcome`]: what is said of it.

pub mod caller;
mod calls;
mod connections;
mod events;
pub mod orders;
pub mod outcome;
mod paced;
pub mod serving;
mod streams;

pub use caller::{Ask, Caller, Failure, Note, Number};
pub use orders::run;
pub use outcome::Outcome;
pub use serving::{Seen, serve};

/// `<server|client> <transport> <address>` of the command line.
pub fn arguments() -> Result<(String, String, String), Failure> {
    let mut args = std::env::args().skip(1);
    match (args.next(), args.next(), args.next()) {
        (Some(side), Some(transport), Some(address)) => Ok((side, transport, address)),
        _ => Err(Failure::new("<server|client> <transport> <address>")),
    }
}

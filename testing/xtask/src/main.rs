//! The tasks of this workspace; `cargo xtask help` lists them.
//!
//! # Layout
//!
//! - `task`: the command line, and the file that carries out each task
//! - `test`, `interop`, `conformance`, `brokers`, `compare`, `setup`: one task each
//! - `node`, `npm`, `maven`, `apt`: what set-up provides, each from what the one after it provides
//! - `process`, `workspace`, `error`: running programs, the folders there are, what goes wrong

use std::{env, process::ExitCode};

mod apt;
mod brokers;
mod compare;
mod conformance;
mod error;
mod interop;
mod maven;
mod node;
mod npm;
mod process;
mod setup;
mod task;
mod test;
mod workspace;

fn main() -> ExitCode {
    match task::Task::parse(env::args().skip(1)).and_then(task::Task::run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            error.exit_code()
        }
    }
}

//! Runs what is measured side by side and writes it down: a section of `RESULTS.md`, and `target/compare/<path>.json`.
//!
//! # Layout
//! `container` and `pipeline`: what is measured of each, and what it has to come to. `transports`: the same of messages between processes.
//! `settings`: how thoroughly. `figures`: one row and column, round by round, and how two of them compare. `rounds`: running programs that
//! leave such figures. `cost`: instructions and allocations. `cpu`: what a build costs. `memory`: what stays in memory. `proc`: what a
//! process does. `machine`: where all this was measured. `chart`: pictures of it. `results`: the file.

mod chart;
mod container;
mod cost;
mod cpu;
mod error;
mod figures;
mod machine;
mod memory;
mod pipeline;
mod places;
mod proc;
mod results;
mod rounds;
mod settings;
mod transports;

use std::process::ExitCode;

use error::Error;
use settings::Settings;
use transports::Transport;

/// What can be measured.
#[derive(Clone, Copy)]
enum Path {
    Container,
    Pipeline,
    Transport(Transport),
    Memory,
}

/// Instead of measuring: hold what messages cost to what is committed.
const CHECK: &str = "--check";

/// By name.
fn paths() -> impl Iterator<Item = (&'static str, Path)> {
    let transports = Transport::ALL.into_iter();
    let transports = transports.map(|transport| (transport.name(), Path::Transport(transport)));
    [("container", Path::Container), ("pipeline", Path::Pipeline)]
        .into_iter()
        .chain(transports)
        .chain([("memory", Path::Memory)])
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The paths that are wanted, or all of them. One that fails does not keep the others from being measured.
fn run() -> Result<(), Error> {
    if std::env::args().skip(1).eq([CHECK]) {
        return pipeline::check();
    }
    let (settings, wanted) = Settings::parse(std::env::args().skip(1))?;
    if let Some(unknown) = wanted
        .iter()
        .find(|name| paths().all(|(path, _)| path != *name))
    {
        return Err(Error::Unknown(unknown.clone()));
    }
    let wanted =
        paths().filter(|(path, _)| wanted.is_empty() || wanted.iter().any(|name| name == path));
    let mut failed = Ok(());
    for (name, path) in wanted {
        let result = match path {
            Path::Container => container::run(),
            Path::Pipeline => pipeline::run(),
            Path::Memory => memory::run(&settings),
            Path::Transport(transport) => transports::run(transport, &settings),
        };
        if let Err(error) = result {
            eprintln!("compare: {name}: {error}");
            failed = Err(error);
        }
    }
    failed
}

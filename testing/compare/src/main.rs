//! Runs what is measured side by side and writes it down: a section of `RESULTS.md`, and `target/compare/<path>.json`.
//!
//! # Layout
//! `container`: what is measured of the container, and what it has to come to. `figures`: one row and column, round by round, and how
//! two of them compare. `rounds`: running programs that leave such figures. `cpu`: what a build costs. `machine`: where all this was
//! measured. `results`: the file.

mod container;
mod cpu;
mod error;
mod figures;
mod machine;
mod places;
mod results;
mod rounds;

use std::process::ExitCode;

use error::Error;

type Measure = fn() -> Result<(), Error>;

/// What can be measured, by name.
const PATHS: [(&str, Measure); 1] = [("container", container::run)];

fn main() -> ExitCode {
    let wanted: Vec<_> = std::env::args().skip(1).collect();
    match run(&wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The paths that are wanted, or all of them.
fn run(wanted: &[String]) -> Result<(), Error> {
    if let Some(unknown) = wanted
        .iter()
        .find(|name| PATHS.iter().all(|(path, _)| path != name))
    {
        return Err(Error::Usage(unknown.clone()));
    }
    PATHS
        .iter()
        .filter(|(path, _)| wanted.is_empty() || wanted.iter().any(|name| name == path))
        .try_for_each(|(_, run)| run())
}

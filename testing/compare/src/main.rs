//! Runs what is measured side by side and writes it down: a section of `RESULTS.md`, and `target/compare/<path>.json`.
//!
//! # Layout
//! `container` and `pipeline`: what is measured of each, and what it has to come to. `transports`: the same of messages between processes.
//! `settings`: how thoroughly. `figures`: one row and column, round by round, and how two of them compare. `rounds`: running programs that
//! leave such figures. `cost`: instructions and allocations within one program. `calls`: the same
//! of calls between two. `cpu`: what a build costs. `memory`: what stays in memory. `proc`: what a
//! process does. `machine`: where all this was measured. `chart`: pictures of it. `results`: the file; `budgets`: what everything in it has to come to.

mod budgets;
mod calls;
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
use std::time::Instant;

use error::Error;
use settings::Settings;
use transports::Transport;

/// What can be measured.
#[derive(Clone, Copy)]
enum Path {
    Container,
    Pipeline,
    Transport(Transport),
    Calls,
    Memory,
}

impl Path {
    /// In the order in which they are measured.
    fn all() -> impl Iterator<Item = Self> {
        let transports = Transport::ALL.into_iter().map(Self::Transport);
        [Self::Container, Self::Pipeline]
            .into_iter()
            .chain(transports)
            .chain([Self::Calls, Self::Memory])
    }

    fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Pipeline => "pipeline",
            Self::Transport(transport) => transport.name(),
            Self::Calls => "calls",
            Self::Memory => "memory",
        }
    }

    /// Of its section.
    fn title(self) -> &'static str {
        match self {
            Self::Container => "Container",
            Self::Pipeline => "Pipeline",
            Self::Transport(transport) => transport.title(),
            Self::Calls => calls::TITLE,
            Self::Memory => memory::TITLE,
        }
    }

    fn build(self) -> Result<(), Error> {
        match self {
            Self::Container => container::build(),
            Self::Pipeline => pipeline::build(),
            Self::Transport(_) | Self::Calls | Self::Memory => transports::build().map(drop),
        }
    }

    fn measure(self, settings: &Settings) -> Result<(), Error> {
        match self {
            Self::Container => container::run(),
            Self::Pipeline => pipeline::run(),
            Self::Transport(transport) => transports::run(transport, settings),
            Self::Calls => calls::run(settings),
            Self::Memory => memory::run(settings),
        }
    }

    /// Those that only criterion measures take as long as it does.
    fn has_quick_form(self) -> bool {
        !matches!(self, Self::Container | Self::Pipeline)
    }
}

/// What brokers are started by: it has to stay for as long as they do.
fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    runtime.map_err(Error::io("cannot make a runtime"))
}

/// Instead of measuring: hold what messages cost to what is committed.
const CHECK: &str = "--check";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The paths that are wanted, or all of them. One that fails does not keep the others from being measured, and its section says why.
fn run() -> Result<(), Error> {
    if std::env::args().skip(1).eq([CHECK]) {
        return pipeline::check();
    }
    let (settings, wanted) = Settings::parse(std::env::args().skip(1))?;
    let is_known = |name: &&String| Path::all().any(|path| path.name() == *name);
    if let Some(unknown) = wanted.iter().find(|name| !is_known(name)) {
        return Err(Error::Unknown(unknown.clone()));
    }
    let is_wanted =
        |path: &Path| wanted.is_empty() || wanted.iter().any(|name| name == path.name());
    let mut failed = Ok(());
    for path in Path::all().filter(is_wanted) {
        let name = path.name();
        let only_build = settings.only_build || settings.is_quick() && !path.has_quick_form();
        let start = Instant::now();
        let result = match only_build {
            true => path.build(),
            false => path.measure(&settings),
        };
        eprintln!("compare: {name} took {} s", start.elapsed().as_secs());
        if let Err(error) = result {
            eprintln!("compare: {name}: {error}");
            if !only_build && !settings.is_quick() {
                results::fail(name, path.title(), &error)?;
            }
            failed = Err(error);
        }
    }
    failed
}

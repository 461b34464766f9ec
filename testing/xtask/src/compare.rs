use std::process::Command;

use crate::{apt, error::Error, process, setup, workspace};

/// Measures ourselves beside others, in a workspace of its own. `args` are options, and paths to measure; no path means all.
pub(crate) fn run(args: Vec<String>) -> Result<(), Error> {
    let node = setup::provide()?;
    provide_valgrind()?;
    process::run(compare(&["--release"]).args(args).env(setup::NODE, node))
}

/// Holds what messages cost to what is committed. Nobody else takes part, so nothing is set up for them.
pub(crate) fn check() -> Result<(), Error> {
    provide_valgrind()?;
    process::run(compare(&[]).arg("--check"))
}

fn compare(profile: &[&str]) -> Command {
    let mut cargo = workspace::cargo();
    cargo
        .args(["run", "--quiet", "--package", "compare"])
        .args(profile)
        .arg("--")
        .current_dir(workspace::root().join("testing/compare"))
        // What it builds, it builds without.
        .env_remove("CARGO_INCREMENTAL");
    cargo
}

/// What counts instructions.
fn provide_valgrind() -> Result<(), Error> {
    match process::output("valgrind", &["--version"]) {
        Some(_) => Ok(()),
        None => apt::install(&["valgrind"], "as root, apt-get install valgrind"),
    }
}

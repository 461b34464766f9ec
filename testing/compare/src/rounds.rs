//! Programs that measure with criterion, one after another, over and over.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde::Deserialize;

use crate::error::Error;
use crate::figures::Figures;
use crate::places;

/// How often each program runs.
pub(crate) const ROUNDS: usize = 3;

/// Builds what is measured as users build: optimised, with cargo's own settings.
pub(crate) fn build(packages: &[&str]) -> Result<(), Error> {
    let mut cargo = cargo();
    cargo.args(["build", "--release"]);
    finish(cargo.args(packages.iter().flat_map(|package| ["--package", package])))
}

/// In this workspace.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new("cargo");
    // Whoever works on the project may have it on; users do not.
    cargo.env_remove("CARGO_INCREMENTAL");
    // What cargo says of this program when it runs it. There are build scripts that run again whenever that changes.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(places::workspace());
    cargo
}

/// A B C A B C …
pub(crate) fn run(programs: &[&str]) -> Result<Figures, Error> {
    run_of("release", programs)
}

/// The same with what a profile has built.
pub(crate) fn run_of(profile: &str, programs: &[&str]) -> Result<Figures, Error> {
    let target = places::target()?;
    let mut figures = Figures::default();
    for round in 1..=ROUNDS {
        let left = target.join("criterion").join(format!("round-{round}"));
        match fs::remove_dir_all(&left) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(format!("cannot empty {}", left.display()))(error));
            }
            _ => {}
        }
        for program in programs {
            eprintln!("round {round} of {ROUNDS}: {profile}/{program}");
            let mut command = Command::new(target.join(profile).join(program));
            command.arg("--bench").env("CRITERION_HOME", &left);
            finish(command.stdout(Stdio::null()).stderr(Stdio::null()))?;
        }
        collect(&left, &mut figures)?;
    }
    Ok(figures)
}

pub(crate) fn finish(command: &mut Command) -> Result<(), Error> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .map_err(Error::io(format!("cannot run `{program}`")))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::Failed { program, status }),
    }
}

/// What criterion leaves of one measurement.
#[derive(Deserialize)]
struct Sample {
    iters: Vec<f64>,
    /// Nanoseconds that so many took.
    times: Vec<f64>,
}

/// Reads `<row>/<column>/new/sample.json`. The fastest sample is the round's figure: others at work on the machine make it slower, never
/// faster.
fn collect(left: &Path, figures: &mut Figures) -> Result<(), Error> {
    for row in folders(left)? {
        for column in folders(&row)? {
            let file = column.join("new/sample.json");
            if !file.exists() {
                continue;
            }
            let doing = format!("cannot read {}", file.display());
            let text = fs::read_to_string(&file).map_err(Error::io(doing))?;
            let sample: Sample =
                serde_json::from_str(&text).map_err(Error::json(file.display()))?;
            let each = sample.times.iter().zip(&sample.iters);
            let fastest = each.map(|(time, iterations)| time / iterations);
            figures.add(
                &name(&row),
                &name(&column),
                fastest.fold(f64::INFINITY, f64::min),
            );
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let doing = || format!("cannot list {}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io(doing()))? {
        found.push(entry.map_err(Error::io(doing()))?.path());
    }
    Ok(found.into_iter().filter(|path| path.is_dir()).collect())
}

fn name(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

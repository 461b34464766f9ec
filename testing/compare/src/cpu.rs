//! What a build costs in processor time, which is steadier than the time on the wall where others are at work.

use std::fs;
use std::time::Duration;

use crate::error::Error;
use crate::{places, rounds};

/// Linux counts in hundredths of a second whatever its configuration.
const TICK: Duration = Duration::from_millis(10);

/// Builds one program of the workspace in the `dev` profile, once to have its dependencies and once more for what it takes without them.
pub(crate) fn to_build(package: &str, program: &str) -> Result<Duration, Error> {
    build(package, program)?;
    let source = places::workspace().join(format!("container/{package}/src/bin/{program}.rs"));
    let doing = format!("cannot touch {}", source.display());
    let touched = fs::File::options().append(true).open(&source);
    touched
        .and_then(|file| file.set_modified(std::time::SystemTime::now()))
        .map_err(Error::io(doing))?;
    let before = children()?;
    build(package, program)?;
    Ok(children()?.saturating_sub(before))
}

pub(crate) fn build(package: &str, program: &str) -> Result<(), Error> {
    let mut cargo = rounds::cargo();
    cargo.args(["build", "--quiet", "--package", package, "--bin", program]);
    // Otherwise the second time reuses the first.
    rounds::finish(cargo.env("CARGO_INCREMENTAL", "0"))
}

/// Of all the programs this one has waited for.
fn children() -> Result<Duration, Error> {
    let stat =
        fs::read_to_string("/proc/self/stat").map_err(Error::io("cannot read /proc/self/stat"))?;
    // The name of the program is in parentheses and may have spaces; children's user and system time are the 14th and 15th behind it.
    let behind = stat.rsplit(')').next().unwrap_or_default();
    let ticks = behind.split_whitespace().skip(13).take(2);
    Ok(TICK
        * ticks
            .filter_map(|ticks| ticks.parse::<u32>().ok())
            .sum::<u32>())
}

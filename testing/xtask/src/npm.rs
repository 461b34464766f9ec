use std::{fs, path::Path, process::Command};

use crate::{apt, error::Error, process};

/// Holds that `folder` has the packages that its lock file names, and no others.
pub(crate) fn install(folder: &Path) -> Result<(), Error> {
    let lock = folder.join("package-lock.json");
    // A copy of the lock file the packages were installed from; tests compare it as well.
    let installed = folder.join("node_modules/.installed-lock.json");
    let wanted = fs::read(&lock).map_err(Error::io(format!("cannot read {}", lock.display())))?;
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    provide()?;
    process::run(Command::new("npm").args(["ci", "--prefix"]).arg(folder))?;
    fs::write(&installed, wanted)
        .map_err(Error::io(format!("cannot write {}", installed.display())))
}

fn provide() -> Result<(), Error> {
    if process::output("npm", &["--version"]).is_some() {
        return Ok(());
    }
    apt::install(
        &["npm"],
        "install Node.js with npm from https://nodejs.org/en/download",
    )
}

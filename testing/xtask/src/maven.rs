use std::{fs, path::Path, process::Command};

use crate::{apt, error::Error, process};

/// Holds that `folder` has the jars that its `pom.xml` names in `libs`.
pub(crate) fn install(folder: &Path) -> Result<(), Error> {
    let pom = folder.join("pom.xml");
    let libs = folder.join("libs");
    // A copy of the file the jars were fetched by.
    let installed = libs.join(".installed-pom.xml");
    let wanted = fs::read(&pom).map_err(Error::io(format!("cannot read {}", pom.display())))?;
    if fs::read(&installed).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    provide()?;
    if libs.exists() {
        // Of two versions of a jar, Java would take either.
        let doing = format!("cannot remove {}", libs.display());
        fs::remove_dir_all(&libs).map_err(Error::io(doing))?;
    }
    process::run(
        Command::new("mvn")
            .args(["-q", "-B", "dependency:copy-dependencies", "-f"])
            .arg(&pom)
            .arg(format!("-DoutputDirectory={}", libs.display())),
    )?;
    fs::write(&installed, wanted)
        .map_err(Error::io(format!("cannot write {}", installed.display())))
}

fn provide() -> Result<(), Error> {
    if process::output("mvn", &["--version"]).is_some() {
        return Ok(());
    }
    apt::install(
        &["maven"],
        "install Maven from https://maven.apache.org so that `mvn` is on PATH",
    )
}

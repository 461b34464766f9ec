use std::process::{Command, Stdio};

use crate::{error::Error, process};

/// Installs a Debian package, as root or by a `sudo` that asks nothing.
pub(crate) fn install(package: &str, by_hand: &str) -> Result<(), Error> {
    let missing = |why: &str| Error::Missing {
        what: format!("`{package}` is needed, and {why}"),
        by_hand: by_hand.to_owned(),
    };
    if process::output("apt-get", &["--version"]).is_none() {
        return Err(missing("there is no apt-get to install it with"));
    }
    let root = process::output("id", &["-u"]).is_some_and(|uid| uid == "0");
    if !root && process::output("sudo", &["-n", "true"]).is_none() {
        return Err(missing(
            "installing it takes root, or a sudo without a password",
        ));
    }
    let apt = |args: &[&str]| {
        let mut command = Command::new(if root { "env" } else { "sudo" });
        if !root {
            command.args(["-n", "env"]);
        }
        command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]);
        // Another apt may be at work on a machine that has just booted.
        command.args(["-o", "DPkg::Lock::Timeout=120"]).args(args);
        // Hundreds of lines otherwise; what goes wrong is on stderr.
        command.stdout(Stdio::null());
        process::run(&mut command).map_err(|error| missing(&format!("{error}")))
    };
    apt(&["update"])?;
    apt(&["install", "-y", "--no-install-recommends", package])
}

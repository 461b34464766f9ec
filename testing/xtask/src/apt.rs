use std::process::{Command, Stdio};

use crate::{error::Error, process};

/// Installs Debian packages, as root or by a `sudo` that asks nothing. No service is started.
pub(crate) fn install(packages: &[&str], by_hand: &str) -> Result<(), Error> {
    let missing = |why: &str| Error::Missing {
        what: format!("`{}` is needed, and {why}", packages.join(" ")),
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
    let mut command = Command::new(if root { "env" } else { "sudo" });
    if !root {
        command.args(["-n", "env"]);
    }
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "sh", "-ec", INSTALL, "sh"])
        .args(packages)
        // Hundreds of lines otherwise; what goes wrong is on stderr.
        .stdout(Stdio::null());
    process::run(&mut command).map_err(|error| missing(&format!("{error}")))
}

/// A service that is installed starts at once, on its usual port; `policy-rc.d` is asked first.
///
/// Another apt may be at work on a machine that has just booted: it is waited for.
const INSTALL: &str = "\
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    trap 'rm -f $policy' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > $policy
    chmod 755 $policy
fi
apt-get -qq -o DPkg::Lock::Timeout=120 update
apt-get -qq -o DPkg::Lock::Timeout=120 install -y --no-install-recommends \"$@\"
";

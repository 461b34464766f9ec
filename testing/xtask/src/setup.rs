use std::{fs, path::PathBuf};

use crate::{brokers, error::Error, node, npm, workspace};

/// The environment variable by which tests learn which Node.js to run peers with.
pub(crate) const NODE: &str = "NESTRS_NODE";

/// Installs what the tests need, and says how to use it without this program.
pub(crate) fn run() -> Result<(), Error> {
    let node = provide()?;
    if node.components().count() > 1 {
        println!(
            "to run tests without `cargo xtask`: export {NODE}={}",
            node.display()
        );
    }
    Ok(())
}

/// Installs what the tests need and returns the Node.js to run peers with.
pub(crate) fn provide() -> Result<PathBuf, Error> {
    let node = node::provide()?;
    for peer in peers()? {
        npm::install(&peer)?;
    }
    brokers::provide()?;
    Ok(node)
}

/// The folders of packages that peers run on: one for each version of NestJS.
fn peers() -> Result<Vec<PathBuf>, Error> {
    let folder = workspace::root().join("testing/interop/node");
    let doing = || format!("cannot list {}", folder.display());
    let mut peers = Vec::new();
    for entry in fs::read_dir(&folder).map_err(Error::io(doing()))? {
        let path = entry.map_err(Error::io(doing()))?.path();
        if path.join("package-lock.json").exists() {
            peers.push(path);
        }
    }
    peers.sort();
    Ok(peers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_peer_for_each_version() {
        let peers = peers().unwrap();
        let names: Vec<_> = peers.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["nest11", "nest12"]);
    }
}

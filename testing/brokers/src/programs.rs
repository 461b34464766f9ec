use std::{
    env,
    path::{Path, PathBuf},
};

use crate::Error;

/// Where a program is. Servers are where ordinary users have no `PATH` to.
pub(crate) fn find(name: &str) -> Result<PathBuf, Error> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders =
        env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from));
    let mut candidates = folders.map(|folder| folder.join(name));
    candidates
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| Error::Missing {
            what: format!("the program `{name}`"),
        })
}

/// A file that a package puts at one place only.
pub(crate) fn at(path: &str) -> Result<PathBuf, Error> {
    if Path::new(path).exists() {
        Ok(path.into())
    } else {
        Err(Error::Missing {
            what: format!("`{path}`"),
        })
    }
}

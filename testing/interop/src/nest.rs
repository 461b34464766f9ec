use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
};

use crate::Error;

/// A major version of NestJS that this project speaks with; its packages are pinned by a lock file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Nest {
    /// NestJS 11.
    V11,
    /// NestJS 12.
    V12,
}

impl Nest {
    /// Every version, oldest first.
    pub const ALL: [Self; 2] = [Self::V11, Self::V12];

    /// The folder that holds the version's packages, and in which its peers run.
    pub(crate) fn folder(self) -> PathBuf {
        programs().join(match self {
            Self::V11 => "nest11",
            Self::V12 => "nest12",
        })
    }
}

impl fmt::Display for Nest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V11 => "NestJS 11",
            Self::V12 => "NestJS 12",
        })
    }
}

/// The folder of the peer programs.
pub(crate) fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("node")
}

/// The Node to run them with: the one `cargo xtask` chose, or else the one on `PATH`.
pub(crate) fn node() -> PathBuf {
    env::var_os("NESTRS_NODE").map_or_else(|| "node".into(), PathBuf::from)
}

/// Holds that `folder` has the packages of its lock file.
///
/// `cargo xtask setup` leaves a copy of the lock file beside the packages it installed.
pub(crate) fn installed(folder: &Path) -> Result<(), Error> {
    let wanted = fs::read(folder.join("package-lock.json"));
    let found = fs::read(folder.join("node_modules/.installed-lock.json"));
    match (wanted, found) {
        (Ok(wanted), Ok(found)) if wanted == found => Ok(()),
        _ => Err(Error::NotSetUp {
            folder: folder.to_path_buf(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_packages_are_an_error_that_says_what_to_run() {
        let error = installed(&programs()).unwrap_err().to_string();
        assert!(error.contains("cargo xtask setup"), "{error}");
    }
}

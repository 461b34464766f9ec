use std::path::{Path, PathBuf};
use std::{env, io};

use crate::error::Error;

/// The folder of this workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Its target folder: this program runs from `<target>/release/`.
pub(crate) fn target() -> Result<PathBuf, Error> {
    let program = env::current_exe().map_err(Error::io("cannot find this program's own file"))?;
    program
        .ancestors()
        .nth(2)
        .map(Path::to_path_buf)
        .ok_or_else(|| Error::io("cannot find the target folder")(io::ErrorKind::NotFound.into()))
}

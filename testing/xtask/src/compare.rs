use crate::{error::Error, process, workspace};

/// Measures ourselves beside others, in a workspace of its own. `paths` are what to measure; none means all.
pub(crate) fn run(paths: Vec<String>) -> Result<(), Error> {
    process::run(
        workspace::cargo()
            .args(["run", "--quiet", "--release", "--package", "compare", "--"])
            .args(paths)
            .current_dir(workspace::root().join("testing/compare")),
    )
}

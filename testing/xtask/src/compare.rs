use crate::{error::Error, process, setup, workspace};

/// Measures ourselves beside others, in a workspace of its own. `args` are options, and paths to measure; no path means all.
pub(crate) fn run(args: Vec<String>) -> Result<(), Error> {
    let node = setup::provide()?;
    process::run(
        workspace::cargo()
            .args(["run", "--quiet", "--release", "--package", "compare", "--"])
            .args(args)
            .env(setup::NODE, node)
            .current_dir(workspace::root().join("testing/compare")),
    )
}

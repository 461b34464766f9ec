use crate::{error::Error, process, setup, workspace};

/// Every test of the workspace, doc tests included. `args` go to `cargo test`.
pub(crate) fn run(args: Vec<String>) -> Result<(), Error> {
    let node = setup::provide()?;
    process::run(
        workspace::cargo()
            .args(["test", "--workspace", "--all-features"])
            .args(args)
            .env(setup::NODE, node),
    )
}

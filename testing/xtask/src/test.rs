use crate::{brokers, error::Error, process, setup, workspace};

/// Every test of the workspace, doc tests included. `args` go to `cargo test`.
pub(crate) fn run(args: Vec<String>) -> Result<(), Error> {
    let node = setup::provide()?;
    let mut cargo = workspace::cargo();
    cargo
        .args(["test", "--workspace", "--all-features"])
        .args(args)
        .env(setup::NODE, node);
    process::run(&mut brokers::around(&cargo)?)
}

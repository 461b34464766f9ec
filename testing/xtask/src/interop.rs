use crate::{brokers, error::Error, process, setup, workspace};

/// The tests with NestJS peers alone, each case on a line of its own.
pub(crate) fn run(filters: Vec<String>) -> Result<(), Error> {
    let node = setup::provide()?;
    let mut cargo = workspace::cargo();
    cargo
        // The whole workspace with one choice of features is what `test` builds as well.
        .args(["test", "--workspace", "--all-features", "--test", "interop"])
        // With one thread libtest would print its own text into our lines.
        .args(["--", "--nocapture", "--test-threads=2", "--skip=harness::"])
        .args(filters)
        .env(setup::NODE, node);
    process::run(&mut brokers::around(&cargo)?)
}

use crate::{brokers, error::Error, process, workspace};

/// The promises of every transport, a line for each; `filters` name transports (`tcp`) or cases
/// (`tcp::cut`).
pub(crate) fn run(filters: Vec<String>) -> Result<(), Error> {
    brokers::provide()?;
    process::run(
        workspace::cargo()
            // The whole workspace with one choice of features is what `test` builds as well.
            .args(["test", "--quiet", "--workspace", "--all-features"])
            .args(["--test", "conformance", "--", "--must-match"])
            .args(filters),
    )
}

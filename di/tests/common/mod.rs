//! What several of these files do with a module.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each file uses its part of it; a wiring that fails here is a failed test"
)]

use nestrs_di::*;

/// Builds the application that starts at `M`.
pub async fn container<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

/// What is wrong with it.
pub fn findings<M: Module>() -> Vec<Finding> {
    let error = M::verify().err();
    error.map_or_else(Vec::new, |error| error.findings().to_vec())
}

/// What kinds of things are wrong with it.
pub fn codes<M: Module>() -> Vec<Code> {
    findings::<M>().iter().map(|finding| finding.code).collect()
}

//! What .NET's container promises, for ours. The table in `README.md` says which test stands for which of theirs.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

#[path = "../common/mod.rs"]
mod common;
mod cycles;
mod keyed;
mod specification;
mod validation;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{container, findings};
use nestrs_di::*;

fn messages<M: Module>() -> Vec<String> {
    let findings = findings::<M>().into_iter();
    findings.map(|finding| finding.message).collect()
}

#[injectable]
trait Service: Send + Sync {
    fn id(&self) -> usize;
}

#[derive(Default)]
struct Count(AtomicUsize);

/// Numbered in the order they are built.
struct Numbered(usize);
impl Service for Numbered {
    fn id(&self) -> usize {
        self.0
    }
}

async fn numbered(count: Arc<Count>) -> Result<Numbered, std::convert::Infallible> {
    Ok(Numbered(count.0.fetch_add(1, Ordering::SeqCst)))
}

fn factory(scope: Scope) -> Provider {
    Provider::factory(numbered).scope(scope)
}

fn count() -> Provider {
    Provider::value(Count::default())
}

//! Prints how often each kind of message allocates, as JSON.

use std::alloc::System;
use std::collections::BTreeMap;

use pipeline::cases::{Case, runtime};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Enough for what grows only now and then to be less than one a message.
const TIMES: usize = 10_000;

fn main() {
    let allocations: BTreeMap<_, _> = Case::names()
        .map(|name| (name, allocations(name)))
        .collect();
    println!(
        "{}",
        serde_json::to_string(&allocations).expect("it is JSON")
    );
}

/// A growing vector allocates as well.
fn allocations(name: &str) -> usize {
    runtime().block_on(async {
        let case = Case::named(name).await.expect("it is a name");
        for _ in 0..100 {
            case.run().await;
        }
        let region = Region::new(ALLOCATOR);
        for _ in 0..TIMES {
            case.run().await;
        }
        let change = region.change();
        (change.allocations + change.reallocations) / TIMES
    })
}

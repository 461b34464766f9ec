//! Contracts, and services that do not keep to them.
use nestrs::prelude::*;

#[message_contract]
trait Nameless {
    async fn add(&self, n: u32) -> u32;
}

#[message_contract]
trait Guarded {
    #[message_pattern("math.add")]
    #[use_micro_guards(Guard)]
    async fn add(&self, n: u32) -> u32;
}

#[message_contract]
trait Math {
    #[message_pattern("math.double")]
    async fn double(&self, n: u32) -> u32;

    #[message_pattern("math.half")]
    async fn half(&self, n: u32) -> u32;
}

struct Forgets;

#[micro_routes]
impl Math for Forgets {
    async fn double(&self, n: u32) -> u32 {
        2 * n
    }
}

struct TakesAnother;

#[micro_routes]
impl Math for TakesAnother {
    async fn double(&self, n: String) -> u32 {
        2
    }

    async fn half(&self, n: u32) -> u32 {
        n / 2
    }
}

struct Repeats;

#[micro_routes]
impl Math for Repeats {
    async fn double(&self, n: u32) -> u32 {
        2 * n
    }

    #[message_pattern("math.half")]
    async fn half(&self, n: u32) -> u32 {
        n / 2
    }
}

#[message_contract]
struct NoTrait;

fn main() {}

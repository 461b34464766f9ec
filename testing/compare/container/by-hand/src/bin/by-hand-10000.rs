//! Ten thousand providers.

#[macro_use]
#[path = "../map.rs"]
mod map;
#[macro_use]
#[path = "../nested.rs"]
mod nested;

use std::hash::RandomState;

use map::Map;
use rows::Rows;
use rustc_hash::FxBuildHasher;

graph::ten_thousand!(nested);
graph::ten_thousand!(mapped);

fn main() {
    Rows::of("by hand", 10_000).build(nested);
    Rows::of("HashMap", 10_000).build(mapped::<RandomState>);
    Rows::of("HashMap, FxHash", 10_000).build(mapped::<FxBuildHasher>);
}

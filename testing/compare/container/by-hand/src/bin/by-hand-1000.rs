//! A thousand providers.

#[macro_use]
#[path = "../map.rs"]
mod map;
#[macro_use]
#[path = "../nested.rs"]
mod nested;

use std::hash::{BuildHasher, RandomState};

use map::Map;
use rows::Rows;
use rustc_hash::FxBuildHasher;

graph::thousand!(nested);
graph::thousand!(mapped);

fn main() {
    Rows::of("by hand", 1_000).build(nested);
    map::<RandomState>("HashMap");
    map::<FxBuildHasher>("HashMap, FxHash");
}

fn map<S: BuildHasher + Default + Sync>(name: &'static str) {
    let mut rows = Rows::of(name, 1_000);
    rows.build(mapped::<S>);
    let map = &mapped::<S>();
    rows.resolve(|| map.get::<N999>());
    rows.resolve_each(|| resolve_each(map));
    rows.resolve_apart(|| drop(map.get::<N999>()), || drop(map.get::<N499>()));
    rows.resolve_together(|| map.get::<N999>());
}

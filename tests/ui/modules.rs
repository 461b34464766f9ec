//! Arguments of `#[module]` and `#[injectable]`.
use nestrs::prelude::*;

#[module(provider = [])]
struct Unknown;

#[module(imports = [], exports = [], imports = [])]
struct Twice;

#[module(providers = Orders)]
struct NoList;

#[module]
enum NoStruct {}

#[injectable]
enum Either {
    One,
    Other,
}

#[injectable(singleton)]
struct Singleton;

fn main() {}

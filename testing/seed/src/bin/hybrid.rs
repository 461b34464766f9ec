#![deny(warnings)]
include!("../snippets/hybrid.rs");

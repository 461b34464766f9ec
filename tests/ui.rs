//! The compiler's words about mistakes: each points at what is wrong and says
//! what to write instead.
//!
//! They are this compiler's: with another one, look at what changed and accept
//! it with `TRYBUILD=overwrite`.
#![deny(warnings)]

#[test]
fn mistakes_are_told_where_they_are() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

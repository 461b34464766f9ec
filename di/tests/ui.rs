//! What the macros say about mistakes, to the letter: one file for each mistake they can see.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

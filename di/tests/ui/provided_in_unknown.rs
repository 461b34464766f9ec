use nestrs_di::*;

#[injectable(provided_in = "rot")]
struct Report;

fn main() {}

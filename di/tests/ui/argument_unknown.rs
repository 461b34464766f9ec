use nestrs_di::*;

#[injectable(scop = "request")]
struct Report;

fn main() {}

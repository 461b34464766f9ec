use nestrs_di::*;

#[injectable(scope = request)]
struct Report;

fn main() {}

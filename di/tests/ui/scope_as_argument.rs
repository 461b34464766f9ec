use nestrs_di::*;

#[injectable(singleton)]
struct Report;

fn main() {}

use nestrs_di::*;

#[injectable(scope = "requst")]
struct Report;

fn main() {}

use nestrs_di::*;

#[injectable(scope = "request", scope = "transient")]
struct Report;

fn main() {}

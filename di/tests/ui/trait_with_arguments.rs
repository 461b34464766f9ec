use nestrs_di::*;

#[injectable(scope = "request")]
trait Payments: Send + Sync {}

fn main() {}

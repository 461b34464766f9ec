use nestrs_di::*;

trait Payments: Send + Sync {}

#[injectable(bind = dyn Payments)]
struct Cash;

fn main() {}

use nestrs_di::*;

#[injectable(bind = Payments)]
struct Cash;

fn main() {}

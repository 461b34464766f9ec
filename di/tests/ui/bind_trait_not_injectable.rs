use nestrs_di::*;

trait Payments: Send + Sync {}

#[injectable]
struct Cash;
impl Payments for Cash {}

#[module(providers = [Cash, Provider::bind::<dyn Payments, Cash>()])]
struct AppModule;

fn main() {}

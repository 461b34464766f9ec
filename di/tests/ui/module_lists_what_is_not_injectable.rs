use nestrs_di::*;

struct Clock;

#[module(providers = [Clock])]
struct AppModule;

fn main() {}

use nestrs_di::*;

#[module(providers = [Provider::factory(|| async { 7_u32 })])]
struct AppModule;

fn main() {}

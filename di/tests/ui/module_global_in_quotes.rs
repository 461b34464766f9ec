use nestrs_di::*;

#[module(global = "true")]
struct AppModule;

fn main() {}

use nestrs_di::*;

#[module(improts = [])]
struct AppModule;

fn main() {}

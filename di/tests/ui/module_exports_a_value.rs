use nestrs_di::*;

#[module(exports = [String::new()])]
struct AppModule;

fn main() {}

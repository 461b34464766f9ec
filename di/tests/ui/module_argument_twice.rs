use nestrs_di::*;

#[module(imports = [], imports = [])]
struct AppModule;

fn main() {}

use nestrs_di::*;

struct Clock;

#[module(imports = [Clock])]
struct AppModule;

fn main() {}

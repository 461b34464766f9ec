use nestrs_di::*;

#[module(controllers = [Users])]
struct AppModule;

fn main() {}

use nestrs_di::*;

#[module]
enum AppModule {}

fn main() {}

use nestrs_di::*;

#[injectable]
struct Report<'a>(#[inject(default)] &'a str);

fn main() {}

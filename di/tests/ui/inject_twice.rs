use nestrs_di::*;

#[injectable]
struct Report {
    #[inject(default)]
    #[inject(value = 7)]
    pages: u32,
}

fn main() {}

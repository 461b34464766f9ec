use nestrs_di::*;

#[injectable]
struct Report {
    #[inject(default = 10)]
    pages: u32,
}

fn main() {}

use nestrs_di::*;

#[injectable]
struct Report {
    #[inject()]
    title: String,
}

fn main() {}

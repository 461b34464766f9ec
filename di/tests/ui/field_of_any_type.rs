use nestrs_di::*;

#[injectable]
struct Report {
    title: String,
}

fn main() {}

use nestrs_di::*;

#[injectable]
enum Report {
    Daily,
}

fn main() {}

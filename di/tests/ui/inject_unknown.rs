use nestrs_di::*;

#[injectable]
struct Report {
    #[inject(defualt)]
    title: String,
}

fn main() {}

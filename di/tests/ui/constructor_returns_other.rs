use nestrs_di::*;

struct Report;

#[injectable]
impl Report {
    #[constructor]
    pub fn new() -> u32 {
        7
    }
}

fn main() {}

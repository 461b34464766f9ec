use nestrs_di::*;

struct Report;

#[injectable]
impl Report {
    pub fn new() -> Self {
        Self
    }
}

fn main() {}

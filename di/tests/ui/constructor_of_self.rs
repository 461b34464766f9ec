use nestrs_di::*;

struct Report;

#[injectable]
impl Report {
    #[constructor]
    pub fn new(&self) -> Self {
        Self
    }
}

fn main() {}

use nestrs_di::*;

struct Report;

#[injectable]
impl Report {
    #[constructor]
    pub fn new() -> Self {
        Self
    }
    #[constructor]
    pub fn other() -> Self {
        Self
    }
}

fn main() {}

use nestrs_di::*;

struct Report;

#[injectable]
impl Default for Report {
    fn default() -> Self {
        Self
    }
}

fn main() {}

use nestrs_di::*;
use std::sync::Arc;

#[module]
struct AppModule(Arc<String>);

fn main() {}

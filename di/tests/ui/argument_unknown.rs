use nestrs_di::*;

#[injectable(scop = "request")]
struct Report;

#[module(providers = [Report])]
struct AppModule;

fn main() {
    AppModule::verify().unwrap();
}

use nestrs_di::*;

#[injectable]
struct Report {
    #[inject(defualt)]
    title: String,
}

#[module(providers = [Report])]
struct AppModule;

fn main() {
    AppModule::verify().unwrap();
}

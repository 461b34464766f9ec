use nestrs_di::*;

#[module(improts = [])]
struct AppModule;

#[module(imports = [AppModule])]
struct WithIt;

fn main() {
    AppModule::verify().unwrap();
}

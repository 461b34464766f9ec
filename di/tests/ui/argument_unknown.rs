use nestrs_di::*;

#[injectable(scop = "request")]
struct Report;

#[injectable(scop = "request")]
struct Repo<T: Send + Sync + 'static> {
    kept: std::marker::PhantomData<T>,
}

#[module(providers = [Report, Repo<u8>])]
struct AppModule;

fn main() {
    AppModule::verify().unwrap();
}

use nestrs_di::*;

#[injectable(provided_in = "root")]
struct Repository<T: Send + Sync + 'static>(#[inject(default)] std::marker::PhantomData<T>);

fn main() {}

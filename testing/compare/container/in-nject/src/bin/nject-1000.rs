//! A thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::thousand!(application);

fn main() {
    let mut rows = rows::Rows::of("nject", 1_000);
    let application = &build();
    rows.resolve(|| resolve::<N999>(application));
    rows.resolve_each(|| resolve_each(application));
    rows.resolve_apart(
        || drop(resolve::<N999>(application)),
        || drop(resolve::<N499>(application)),
    );
    rows.resolve_together(|| resolve::<N999>(application));
}

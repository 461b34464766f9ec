//! A thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::thousand!(application);

fn main() {
    let mut rows = rows::Rows::of("dill", 1_000);
    rows.build(|| construct(check()));
    rows.check(check);
    rows.construct(check, construct);

    let catalog = &construct(check());
    rows.resolve(|| resolve::<N999>(catalog));
    rows.resolve_each(|| resolve_each(catalog));
    rows.resolve_apart(
        || drop(resolve::<N999>(catalog)),
        || drop(resolve::<N499>(catalog)),
    );
    rows.resolve_together(|| resolve::<N999>(catalog));
}

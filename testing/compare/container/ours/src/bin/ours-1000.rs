//! A thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::thousand!(application);

fn main() {
    let mut rows = rows::Rows::of("nestrs", 1_000);
    rows.build(|| construct(check()));
    rows.check(check);
    rows.construct(check, construct);

    let container = &construct(check());
    rows.resolve(|| resolve::<N999>(container));
    rows.resolve_each(|| resolve_each(container));
    rows.resolve_apart(
        || drop(resolve::<N999>(container)),
        || drop(resolve::<N499>(container)),
    );
    rows.resolve_together(|| resolve::<N999>(container));
}

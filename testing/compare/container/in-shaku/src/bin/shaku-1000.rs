//! A thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::thousand!(application);

fn main() {
    let mut rows = rows::Rows::of("shaku", 1_000);
    rows.build(build);

    let application = build();
    let (first, second) = (&*application.M19, &*application.M9);
    rows.resolve(|| resolve::<_, dyn interface::N999>(first));
    rows.resolve_each(|| resolve_each(&application));
    rows.resolve_apart(
        || drop(resolve::<_, dyn interface::N999>(first)),
        || drop(resolve::<_, dyn interface::N499>(second)),
    );
    rows.resolve_together(|| resolve::<_, dyn interface::N999>(first));
}

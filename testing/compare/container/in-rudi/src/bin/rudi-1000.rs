//! A thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::thousand!(application);

/// One thread only: its context is not `Sync`.
fn main() {
    let mut rows = rows::Rows::of("rudi", 1_000);
    rows.build(build);

    let context = &build();
    rows.resolve(|| resolve::<N999>(context));
    rows.resolve_each(|| resolve_each(context));
}

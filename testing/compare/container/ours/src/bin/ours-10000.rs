//! Ten thousand providers.

#[macro_use]
#[path = "../application.rs"]
mod application;

graph::ten_thousand!(application);

fn main() {
    let mut rows = rows::Rows::of("nestrs", 10_000);
    rows.build(|| construct(check()));
    rows.check(check);
    rows.construct(check, construct);
}

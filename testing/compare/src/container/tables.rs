//! Everyone's figures, and how many times ours they are.

use std::fmt::Write;

use super::{BY_HAND, MAP, OURS};
use crate::figures::{self, Figures};

pub(super) const CONTAINERS: [&str; 8] = [
    OURS,
    BY_HAND,
    MAP,
    "HashMap, FxHash",
    "shaku",
    "dill",
    "rudi",
    "nject",
];

const NOTES: &str = "
Behind each figure stands how many times ours it is; ≈ where some rounds have it the other way round: the two are indistinguishable. \
The machine is shared: a round counts its fastest sample.

Everyone has the same application: each provider is a struct with up to three `Arc`s of others, 50 of them are a module.

- *one*: the same singleton over and over. *each*: every singleton in turn, so that code and data of all of them pass through the cache. \
*2 threads*: both at once, each its own singleton, which leaves the container as all that they share; *the same*: both the same one, so that they \
share its reference count as well.
- *build*: from nothing to the last instance; the end of it is not counted. The heap is what the \
build before has given back, for everybody: no page of it is new. *check*: what is done before the first constructor runs. \
dill finds what is missing, but no cycles. shaku and nject check when they compile, rudi when it comes to it.
- *by hand* are the constructors called one after another. *HashMap* puts each instance into a map as well, with the standard library's \
hash function or with the one of rustc.
- shaku and nject know at compile time where an instance is: there is nothing to look up. Who uses nject fills the shared fields \
by hand, so there is nothing of it to build.
- rudi's context stays on one thread. dill and rudi build at the first use, so they are asked for everything that nobody depends on.
- rustc takes one and a half to two and a half minutes for a thousand providers of shaku, dill or rudi, which leaves them out of ten \
thousand, and four were not enough for a thousand of froodi.
";

pub(super) fn all(figures: &Figures) -> String {
    let resolve = [
        ("one", "resolve 1000"),
        ("each", "resolve each 1000"),
        ("2 threads", "resolve, 2 threads 1000"),
        ("2 threads, the same", "resolve, 2 threads, the same 1000"),
    ];
    let build = [
        ("build 1,000", "build 1000"),
        ("check", "check 1000"),
        ("construct", "construct 1000"),
        ("build 10,000", "build 10000"),
        ("check", "check 10000"),
        ("construct", "construct 10000"),
    ];
    [
        table("resolve one of 1,000", &resolve, figures),
        "\n".to_owned(),
        table("", &build, figures),
        NOTES.to_owned(),
    ]
    .concat()
}

fn table(corner: &str, columns: &[(&str, &str)], figures: &Figures) -> String {
    let titles: Vec<_> = columns.iter().map(|(title, _)| *title).collect();
    let mut text = format!(
        "| {corner} | {} |\n|---|{}\n",
        titles.join(" | "),
        "---:|".repeat(columns.len())
    );
    for container in CONTAINERS {
        let cells: Vec<_> = columns
            .iter()
            .map(|(_, row)| cell(row, container, figures))
            .collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let _ = writeln!(text, "| {container} | {} |", cells.join(" | "));
        }
    }
    text
}

/// `13.5 ns, 1.16 (1.10–1.20)`
fn cell(row: &str, container: &str, figures: &Figures) -> String {
    let Ok(measured) = figures.spread(row, container) else {
        return String::new();
    };
    let time = figures::time(measured.middle);
    match figures.ratio((row, container), (row, OURS)) {
        Ok(ratio) if container != OURS => {
            let sign = if ratio.is_indistinguishable() {
                "≈ "
            } else {
                ""
            };
            format!("{time}, {sign}{ratio}")
        }
        _ => time,
    }
}

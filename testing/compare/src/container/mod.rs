//! The container beside its peers and beside what one writes by hand.

mod budgets;
mod tables;

use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::figures::{self, Figures};
use crate::{chart, cpu, machine, results, rounds};

/// Each measures one container, or one way without.
const PROGRAMS: [&str; 8] = [
    "ours-1000",
    "by-hand-1000",
    "shaku-1000",
    "dill-1000",
    "rudi-1000",
    "nject-1000",
    "ours-10000",
    "by-hand-10000",
];

const PACKAGES: [&str; 6] = [
    "ours", "by-hand", "in-shaku", "in-dill", "in-rudi", "in-nject",
];

const CRATES: [&str; 6] = ["nestrs-di", "shaku", "dill", "rudi", "nject", "criterion"];

/// How criterion's figures call us and what we are held against.
const OURS: &str = "nestrs";
const BY_HAND: &str = "by hand";
const MAP: &str = "HashMap";

#[derive(Serialize)]
struct Measured {
    /// Nanoseconds.
    figures: Figures,
    rustc: Rustc,
}

/// Processor time of a `cargo build` of a thousand providers.
#[derive(Serialize)]
struct Rustc {
    attributes: Duration,
    plain: Duration,
}

impl Rustc {
    fn measure() -> Result<Self, Error> {
        let build = |program| cpu::to_build("cost", program);
        Ok(Self {
            attributes: build("attributes")?,
            plain: build("plain")?,
        })
    }

    /// Nanoseconds that one provider adds.
    fn per_provider(&self) -> f64 {
        self.attributes.saturating_sub(self.plain).as_nanos() as f64 / 1_000.0
    }
}

/// Builds what measures, and what the build of a program is measured with.
pub(crate) fn build() -> Result<(), Error> {
    rounds::build(&PACKAGES)?;
    cpu::build("cost", "attributes")?;
    cpu::build("cost", "plain")
}

/// As `charts/container-<name>.svg`.
fn chart(name: &str, title: &str, row: &str, measured: &Measured) -> Result<String, Error> {
    let figure = |&container: &&'static str| {
        let spread = measured.figures.spread(row, container).ok()?;
        Some((container, spread, figures::time(spread.middle)))
    };
    let bars: Vec<_> = tables::CONTAINERS.iter().filter_map(figure).collect();
    let title = format!("Container: {title}");
    Ok(chart::save(&format!("container-{name}"), &title, &bars)? + "\n\n")
}

pub(crate) fn run() -> Result<(), Error> {
    rounds::build(&PACKAGES)?;
    let figures = rounds::run(&PROGRAMS)?;
    let measured = Measured {
        figures,
        rustc: Rustc::measure()?,
    };
    let section = [
        "`cargo xtask compare container`\n\n".to_owned(),
        machine::description(&CRATES),
        format!("\n### Budgets\n\n{}", budgets::table(&measured)?),
        "\n### Side by side\n\n".to_owned(),
        chart(
            "resolve",
            "nanoseconds to resolve one of 1,000",
            "resolve 1000",
            &measured,
        )?,
        chart("build", "the time to build 1,000", "build 1000", &measured)?,
        tables::all(&measured.figures),
    ]
    .concat();
    results::save("container", "Container", &section, &measured)
}

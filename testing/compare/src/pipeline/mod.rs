//! Messages through handlers, with more and more around them.

mod gate;
mod tables;

use serde::Serialize;

use crate::cost::{self, Counted};
use crate::error::Error;
use crate::figures::Figures;
use crate::{machine, results, rounds};

pub(crate) use gate::check;

const CRATES: [&str; 4] = ["nestrs-microservices", "serde_json", "tokio", "criterion"];

/// What no pipeline can do without.
const READING: &str = "reading alone";

const TIME: &str = "pipeline-time";

#[derive(Serialize)]
struct Measured {
    /// Nanoseconds, as users build.
    time: Figures,
    /// The same, built as what is counted.
    time_as_counted: Figures,
    counted: Counted,
}

/// Builds what measures.
pub(crate) fn build() -> Result<(), Error> {
    cost::build("pipeline")?;
    cost::build(TIME)?;
    rounds::build(&[TIME])
}

/// Measures, and takes the costs for those that are allowed from now on.
pub(crate) fn run() -> Result<(), Error> {
    let counted = Counted::now("pipeline")?;
    cost::build(TIME)?;
    rounds::build(&[TIME])?;
    let time = rounds::run(&[TIME])?;
    let time_as_counted = rounds::run_of(cost::PROFILE, &[TIME])?;
    gate::commit(&counted)?;
    let measured = Measured {
        time,
        time_as_counted,
        counted,
    };
    let section = [
        "`cargo xtask compare pipeline`\n\n".to_owned(),
        machine::description(&CRATES),
        format!("- counted with {}\n", measured.counted.with),
        format!("\n### Budgets\n\n{}", tables::budgets(&measured)?),
        format!(
            "\n### What each thing costs\n\n{}",
            tables::costs(&measured)?
        ),
    ]
    .concat();
    results::save("pipeline", "Pipeline", &section, &measured)
}

//! What the container has to come to, and whether it does.

use std::fmt::Write;
use std::time::Duration;

use super::{BY_HAND, MAP, Measured, OURS};
use crate::error::Error;
use crate::figures::{self, Spread};

pub(super) fn table(measured: &Measured) -> Result<String, Error> {
    let mut table = Table::new();
    let figures = &measured.figures;
    let beside_map = |row| figures.ratio((row, OURS), (row, MAP));
    table.row(
        "resolve a singleton: at most 2 × a `HashMap<TypeId, Arc<dyn Any + Send + Sync>>`",
        beside_map("resolve 1000")?,
        2.0,
        "×",
    );
    table.row(
        "the same with two threads at once",
        beside_map("resolve, 2 threads 1000")?,
        2.0,
        "×",
    );
    table.row(
        "no lock: two threads at once are at most 1.1 × as slow as one",
        figures.ratio(("resolve, 2 threads 1000", OURS), ("resolve 1000", OURS))?,
        1.1,
        "×",
    );
    table.row(
        "1,000 providers registered, validated and constructed: at most 0.25 ms",
        milliseconds(figures.spread("build 1000", OURS)?),
        0.25,
        "ms",
    );
    table.row(
        "10,000 likewise: at most 12 × that",
        milliseconds(figures.spread("build 10000", OURS)?),
        12.0 * 0.25,
        "ms",
    );
    table.row(
        "rustc: at most 25 ms of processor time for a provider",
        Spread::of([measured.rustc.per_provider() / 1e6].into_iter()),
        25.0,
        "ms",
    );
    table.0.push_str(&notes(measured)?);
    Ok(table.0)
}

fn milliseconds(figure: Spread) -> Spread {
    let all = [figure.least, figure.middle, figure.most];
    Spread::of(all.iter().map(|nanoseconds| nanoseconds / 1e6))
}

/// What the figures of the table are made of, and how near to them one comes by hand.
fn notes(measured: &Measured) -> Result<String, Error> {
    let (figures, rustc) = (&measured.figures, &measured.rustc);
    let growth = |column| figures.ratio(("build 10000", column), ("build 1000", column));
    let by_hand = figures.spread("build 1000", BY_HAND)?;
    let map = figures.spread("build 1000", MAP)?;
    let cpu = |duration: Duration| figures::time(duration.as_nanos() as f64);
    Ok(format!(
        "
Each is the middle of the rounds, with the least and the most in parentheses.

- The thousand take {} when their constructors are called by hand, and {} when each also goes into a `HashMap`.
- Ten thousand take {} × as long as a thousand; by hand it is {} ×, and in a `HashMap` {} ×: code and data of so many are more than the \
caches hold. Constructing goes through more than 3 MB of code, each line of it once, so it takes as long as these do to come: others \
at work on the cache that processors share can double it.
- There is nothing to be locked: a lookup reads a table that nobody writes, and counts up a reference. The compiler puts all of it where the lookup is \
made; while it called three small functions of this crate instead, one took 19 or 31 ns, which of them was decided when the program started, and \
two threads 31.
- A `cargo build` of 1,000 `#[injectable]` types in 20 modules took {} of processor time, and {} for the same types without attributes.
",
        figures::time(by_hand.middle),
        figures::time(map.middle),
        growth(OURS)?,
        growth(BY_HAND)?,
        growth(MAP)?,
        cpu(rustc.attributes),
        cpu(rustc.plain),
    ))
}

struct Table(String);

impl Table {
    fn new() -> Self {
        Self("| budget | measured | |\n|---|---|---|\n".to_owned())
    }

    fn row(&mut self, budget: &str, measured: Spread, limit: f64, unit: &str) {
        let verdict = measured.verdict(limit);
        let measured = match measured.least == measured.most {
            true => figures::digits(measured.middle),
            false => measured.to_string(),
        };
        let _ = writeln!(self.0, "| {budget} | {measured} {unit} | {verdict} |");
    }
}

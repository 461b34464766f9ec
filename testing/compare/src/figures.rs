//! What was measured, and what it is compared with.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::error::Error;

/// By row and column, one for each round; of the container's, nanoseconds.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Figures(BTreeMap<String, BTreeMap<String, Vec<f64>>>);

impl Figures {
    pub(crate) fn add(&mut self, row: &str, column: &str, figure: f64) {
        let row = self.0.entry(row.to_owned()).or_default();
        row.entry(column.to_owned()).or_default().push(figure);
    }

    pub(crate) fn get(&self, row: &str, column: &str) -> Option<&[f64]> {
        self.0.get(row)?.get(column).map(Vec::as_slice)
    }

    pub(crate) fn spread(&self, row: &str, column: &str) -> Result<Spread, Error> {
        self.needed(row, column)
            .map(|figures| Spread::of(figures.iter().copied()))
    }

    /// One measurement in terms of another, round by round.
    pub(crate) fn ratio(&self, one: (&str, &str), other: (&str, &str)) -> Result<Spread, Error> {
        let (one, other) = (self.needed(one.0, one.1)?, self.needed(other.0, other.1)?);
        Ok(Spread::of(
            one.iter().zip(other).map(|(one, other)| one / other),
        ))
    }

    fn needed(&self, row: &str, column: &str) -> Result<&[f64], Error> {
        self.get(row, column).ok_or_else(|| Error::Missing {
            row: row.to_owned(),
            column: column.to_owned(),
        })
    }
}

/// The middle one of several rounds, and how far they are apart.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) middle: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(rounds: impl Iterator<Item = f64>) -> Self {
        let mut rounds: Vec<_> = rounds.collect();
        rounds.sort_by(f64::total_cmp);
        Self {
            least: rounds.first().copied().unwrap_or(f64::NAN),
            middle: rounds.get(rounds.len() / 2).copied().unwrap_or(f64::NAN),
            most: rounds.last().copied().unwrap_or(f64::NAN),
        }
    }

    /// The same in another unit; `convert` must not turn their order round.
    pub(crate) fn map(self, convert: impl Fn(f64) -> f64) -> Self {
        Self {
            least: convert(self.least),
            middle: convert(self.middle),
            most: convert(self.most),
        }
    }

    /// Whether a ratio says nothing: some rounds have it above 1 and some below.
    pub(crate) fn is_indistinguishable(&self) -> bool {
        self.least <= 1.0 && self.most >= 1.0
    }

    /// Whether it reaches a limit: one that the inverse stays within.
    pub(crate) fn verdict_at_least(&self, limit: f64) -> &'static str {
        let inverse = Self {
            least: 1.0 / self.most,
            middle: 1.0 / self.middle,
            most: 1.0 / self.least,
        };
        inverse.verdict(1.0 / limit)
    }

    /// Whether it stays within a limit.
    pub(crate) fn verdict(&self, limit: f64) -> &'static str {
        match () {
            () if self.most <= limit => "met",
            () if self.least > limit => "**not met**",
            () if self.middle <= limit => "met, but not in every round",
            () => "**not met**, but in some rounds",
        }
    }
}

/// Three digits.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            least,
            middle,
            most,
        } = *self;
        write!(f, "{} ({}–{})", digits(middle), digits(least), digits(most))
    }
}

pub(crate) fn digits(number: f64) -> String {
    match number {
        _ if number >= 100.0 => format!("{number:.0}"),
        _ if number >= 10.0 => format!("{number:.1}"),
        _ if number >= 1.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// With the unit that suits it.
pub(crate) fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        _ if nanoseconds < 1e3 => format!("{} ns", digits(nanoseconds)),
        _ if nanoseconds < 1e6 => format!("{} µs", digits(nanoseconds / 1e3)),
        _ if nanoseconds < 1e9 => format!("{} ms", digits(nanoseconds / 1e6)),
        _ => format!("{} s", digits(nanoseconds / 1e9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let mut figures = Figures::default();
        for (ours, theirs) in [(1.0, 2.0), (30.0, 40.0), (5.0, 5.0)] {
            figures.add("build", "ours", ours);
            figures.add("build", "theirs", theirs);
        }
        let ratio = figures
            .ratio(("build", "ours"), ("build", "theirs"))
            .unwrap();
        assert_eq!((ratio.least, ratio.middle, ratio.most), (0.5, 0.75, 1.0));
        assert!(ratio.is_indistinguishable());
        assert!(figures.spread("build", "nobody's").is_err());
    }

    #[test]
    fn a_limit_within_the_spread_is_said_to_be() {
        let spread = Spread::of([1.0, 2.0, 3.0].into_iter());
        assert_eq!(spread.verdict(3.0), "met");
        assert_eq!(spread.verdict(2.5), "met, but not in every round");
        assert_eq!(spread.verdict(1.5), "**not met**, but in some rounds");
        assert_eq!(spread.verdict(0.5), "**not met**");
    }

    #[test]
    fn what_is_to_be_reached_is_the_other_way_round() {
        let spread = Spread::of([8.0, 10.5, 12.0].into_iter());
        assert_eq!(spread.verdict_at_least(8.0), "met");
        assert_eq!(spread.verdict_at_least(10.0), "met, but not in every round");
        assert_eq!(
            spread.verdict_at_least(11.0),
            "**not met**, but in some rounds"
        );
        assert_eq!(spread.verdict_at_least(13.0), "**not met**");
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(time(13.512), "13.5 ns");
        assert_eq!(time(248_300.0), "248 µs");
        assert_eq!(time(3_141_592.0), "3.14 ms");
        assert_eq!(time(8.5e9), "8.50 s");
        assert_eq!(digits(0.0391), "0.039");
    }
}

//! `cargo xtask cost`: no message costs more than is written down.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use super::READING;
use crate::cost::{Cost, Counted};
use crate::error::Error;
use crate::places;

/// How much more a message may cost, in hundredths: what the order of code in memory makes of the same source.
const SLACK: u64 = 2;
/// The same where another compiler or C library counted: their instructions are not ours to answer for, but twice as many would be.
const SLACK_ELSEWHERE: u64 = 15;

/// Where the costs are written down that are allowed.
fn file() -> PathBuf {
    places::workspace().join("pipeline/cost.json")
}

/// Writes costs down.
pub(super) fn commit(counted: &Counted) -> Result<(), Error> {
    let file = file();
    let text = serde_json::to_string_pretty(counted).map_err(Error::json(file.display()))?;
    fs::write(&file, text + "\n").map_err(Error::io(format!("cannot write {}", file.display())))
}

/// Counts, and fails where a message costs more than is written down.
pub(crate) fn check() -> Result<(), Error> {
    let file = file();
    let text = fs::read_to_string(&file);
    let text = text.map_err(Error::io(format!("cannot read {}", file.display())))?;
    let before: Counted = serde_json::from_str(&text).map_err(Error::json(file.display()))?;
    let now = Counted::now("pipeline")?;
    let slack = match before.with == now.with {
        true => SLACK,
        false => {
            println!(
                "written down with {}\nand counted with {}: {SLACK_ELSEWHERE} % more will do",
                before.with, now.with
            );
            SLACK_ELSEWHERE
        }
    };
    let report = compare(&before, &now, slack);
    print!("{}", report.text);
    match report.dearer.is_empty() {
        true => Ok(()),
        false => Err(Error::Dearer {
            slack,
            messages: report.dearer,
        }),
    }
}

#[derive(Default)]
struct Report {
    text: String,
    /// The lines of those that cost more.
    dearer: Vec<String>,
}

/// A line for each message.
fn compare(before: &Counted, now: &Counted, slack: u64) -> Report {
    let mut report = Report::default();
    // What serde takes is not ours.
    let ours = now.costs.iter().filter(|(name, _)| *name != READING);
    for (name, cost) in ours {
        let line = match before.costs.get(name) {
            None => format!("{name}: {cost}: new"),
            Some(was) if is_dearer(was, cost, slack) => {
                let line = format!("{name}: {cost}, and {was} are written down");
                report.dearer.push(line.clone());
                format!("{line}: MORE")
            }
            Some(was) if is_dearer(cost, was, slack) => format!(
                "{name}: {cost}, and {was} are written down: less, which `cargo xtask compare pipeline` writes down"
            ),
            Some(was) => format!("{name}: {cost}, and {was} are written down: as before"),
        };
        let _ = writeln!(report.text, "{line}");
    }
    report
}

fn is_dearer(before: &Cost, now: &Cost, slack: u64) -> bool {
    now.allocations > before.allocations
        || now.instructions * 100 > before.instructions * (100 + slack)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(instructions: u64, allocations: u64) -> Counted {
        let cost = Cost {
            instructions,
            allocations,
        };
        Counted {
            with: String::new(),
            costs: [("event".to_owned(), cost)].into(),
        }
    }

    #[test]
    fn more_than_the_slack_and_any_allocation_are_too_much() {
        let before = counted(1_000, 3);
        for (now, is_dearer, verdict) in [
            (counted(1_000, 3), false, "as before"),
            (counted(1_020, 3), false, "as before"),
            (counted(1_021, 3), true, "MORE"),
            (counted(900, 4), true, "MORE"),
            (counted(900, 3), false, "less"),
            (counted(1_000, 2), false, "less"),
        ] {
            let report = compare(&before, &now, 2);
            assert_eq!(!report.dearer.is_empty(), is_dearer, "{}", report.text);
            assert!(report.text.contains(verdict), "{}", report.text);
            let was = "1000 instructions and 3 allocations are written down";
            assert!(report.text.contains(was), "{}", report.text);
            assert!(report.dearer.iter().all(|line| line.contains(was)));
        }
    }

    #[test]
    fn what_is_not_written_down_yet_is_not_too_much() {
        let before = Counted {
            costs: Default::default(),
            ..counted(0, 0)
        };
        let report = compare(&before, &counted(1_000, 3), 2);
        assert!(report.dearer.is_empty());
        assert!(report.text.contains("new"));
    }
}

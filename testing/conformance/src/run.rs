use std::{panic, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::timeout;

use crate::{
    Candidate, Failure, Row,
    cases::{CASES, Case},
    service::PANIC,
    table,
};

/// How long a case may take: most take a few seconds, and the slowest is a broker that is started
/// twice.
const PATIENCE: Duration = Duration::from_secs(180);
/// How many of the cases that mostly wait run beside each other.
const BESIDE: usize = 6;

/// How many cases there were.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// Those that kept what the transport declares.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
}

/// Runs the cases of these transports whose names contain one of the `filters` (`tcp`,
/// `tcp::cut`), or all if there are none. Prints a line of JSON for each case, then a table, and
/// says on stderr what failed.
pub async fn run(candidates: &[Arc<dyn Candidate>], filters: &[String]) -> Summary {
    silence_panics_on_purpose();
    let chosen: Vec<_> = candidates
        .iter()
        .flat_map(|candidate| CASES.iter().map(move |case| (candidate, case)))
        .filter(|(candidate, case)| is_chosen(&name(&***candidate, case), filters))
        .filter(|(candidate, case)| (case.applies)(&***candidate))
        .collect();
    let (wait, work): (Vec<_>, Vec<_>) = chosen.into_iter().partition(|(_, case)| case.waits);

    let work = stream::iter(work).map(one).buffered(1);
    let wait = stream::iter(wait).map(one).buffered(BESIDE);
    let results: Vec<_> = work.chain(wait).collect().await;
    let mut rows = Vec::new();
    let mut failed = 0;
    for (name, result) in &results {
        match result {
            Ok(row) => rows.push(row.clone()),
            Err(failure) => {
                failed += 1;
                eprintln!("{name} FAILED: {failure}");
            }
        }
    }
    rows.sort_by_key(|row| row.transport);
    if !rows.is_empty() {
        table::print(&rows);
    }
    println!("\n{} passed, {failed} failed", rows.len());
    Summary {
        passed: rows.len(),
        failed,
    }
}

async fn one((candidate, case): (&Arc<dyn Candidate>, &Case)) -> (String, Result<Row, Failure>) {
    let name = name(&**candidate, case);
    // A task, so that what panics is one case.
    let run = tokio::spawn((case.run)(Arc::clone(candidate)));
    let result = match timeout(PATIENCE, run).await {
        Ok(Ok(result)) => result,
        Ok(Err(error)) => Err(Failure::Broken(format!("it ended: {error}"))),
        Err(_) => Err(Failure::Broken(format!("it took longer than {PATIENCE:?}"))),
    };
    let result = result.map(|row| Row {
        transport: candidate.name(),
        test: case.name,
        ..row
    });
    match &result {
        Ok(row) => println!("{}", serde_json::to_string(row).unwrap_or_default()),
        Err(failure) => eprintln!("{name} FAILED: {failure}"),
    }
    (name, result)
}

fn name(candidate: &dyn Candidate, case: &Case) -> String {
    format!("{}::{}", candidate.name(), case.name)
}

fn is_chosen(name: &str, filters: &[String]) -> bool {
    filters.is_empty() || filters.iter().any(|filter| name.contains(filter))
}

fn silence_panics_on_purpose() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload_as_str() != Some(PANIC) {
            tell(info);
        }
    }));
}

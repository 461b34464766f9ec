use std::collections::BTreeMap;

use serde::Serialize;

use crate::figures::Figures;
use crate::transports::pair::Cpu;
use crate::transports::process::Outcome;

/// Everything by row and contender, one figure for each round.
#[derive(Default, Serialize)]
pub(crate) struct Measured {
    /// Calls, events or numbers a second.
    pub(crate) rate: Figures,
    /// Microseconds.
    pub(crate) p50: Figures,
    pub(crate) p99: Figures,
    /// Microseconds of processor time for each of what `rate` counts.
    pub(crate) cpu_of_client: Figures,
    pub(crate) cpu_of_server: Figures,
    pub(crate) cpu_of_broker: Figures,
    /// Milliseconds until the server is ready.
    pub(crate) start_up: Figures,
    /// Megabytes, after everything.
    pub(crate) memory_of_client: Figures,
    pub(crate) memory_of_server: Figures,
    /// Calls and events that failed although others did not.
    pub(crate) losses: Remarks,
    /// Why there is no figure.
    pub(crate) failures: Remarks,
}

/// By contender and row.
pub(crate) type Remarks = BTreeMap<String, BTreeMap<String, String>>;

/// Where there is one figure for a contender, not one for each row.
pub(crate) const SERVER: &str = "server";

impl Measured {
    pub(crate) fn add(&mut self, row: &str, contender: &str, outcome: &Outcome, cpu: Cpu) {
        let done = outcome.done as f64;
        self.rate.add(row, contender, done / outcome.seconds);
        for (figures, latency) in [(&mut self.p50, outcome.p50), (&mut self.p99, outcome.p99)] {
            if let Some(microseconds) = latency {
                figures.add(row, contender, microseconds);
            }
        }
        for (figures, time) in [
            (&mut self.cpu_of_client, cpu.client),
            (&mut self.cpu_of_server, cpu.server),
            (&mut self.cpu_of_broker, cpu.broker),
        ] {
            figures.add(row, contender, time.as_secs_f64() * 1e6 / done);
        }
        if outcome.failed > 0 {
            let (failed, all) = (outcome.failed, outcome.failed + outcome.done);
            let error = outcome.error.as_deref().unwrap_or("no reason was given");
            let text = format!("{failed} of {all} failed: {error}");
            let rows = self.losses.entry(contender.to_owned()).or_default();
            rows.insert(row.to_owned(), text);
        }
    }

    pub(crate) fn fails(&mut self, row: &str, contender: &str, why: &str) {
        let rows = self.failures.entry(contender.to_owned()).or_default();
        rows.insert(row.to_owned(), why.to_owned());
    }

    pub(crate) fn has_failed(&self, row: &str, contender: &str) -> bool {
        let rows = self.failures.get(contender);
        rows.is_some_and(|rows| rows.contains_key(row))
    }
}

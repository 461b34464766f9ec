use std::{collections::HashMap, time::Duration};

use serde::Serialize;

/// What came of one case.
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Which transport.
    pub transport: &'static str,
    /// Which case.
    pub test: &'static str,
    /// Messages that someone tried to send.
    pub attempted: usize,
    /// Those of them that were answered as they should be, or taken for sent if they were events.
    pub acked: usize,
    /// Those that a handler saw.
    pub delivered: usize,
    /// Those that were acknowledged and that no handler saw.
    pub lost: usize,
    /// How often a handler saw a message again.
    pub duplicated: usize,
    /// Answers and messages that nobody could expect.
    pub unexpected: usize,
    /// Whether messages passed again after something broke; `None` if nothing did.
    pub recovered: Option<bool>,
    /// How long that took.
    pub recovery_ms: Option<u64>,
    /// The time within which 99 of 100 requests were answered.
    pub p99_ms: Option<f64>,
}

impl Row {
    /// As many attempted, acknowledged and delivered.
    pub(crate) fn of(count: usize) -> Self {
        Self {
            attempted: count,
            acked: count,
            delivered: count,
            ..Self::default()
        }
    }

    /// Compares what was acknowledged with how often handlers saw what.
    pub(crate) fn count(&mut self, acked: &[u64], seen: &HashMap<u64, usize>) {
        self.acked = acked.len();
        self.delivered = seen.len();
        self.lost = acked.iter().filter(|id| !seen.contains_key(id)).count();
        self.duplicated = seen.values().map(|times| times - 1).sum();
    }

    pub(crate) fn p99(&mut self, mut latencies: Vec<Duration>) {
        latencies.sort_unstable();
        let index = (latencies.len() * 99).div_ceil(100).saturating_sub(1);
        let p99 = latencies.get(index);
        self.p99_ms = p99.map(|p99| p99.as_micros() as f64 / 1_000.0);
    }

    pub(crate) fn recovered_in(&mut self, time: Duration) {
        self.recovered = Some(true);
        self.recovery_ms = u64::try_from(time.as_millis()).ok();
    }
}

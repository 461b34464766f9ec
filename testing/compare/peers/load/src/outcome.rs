use std::time::{Duration, Instant};

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::Failure;

/// `{"done":51200,"failed":0,"seconds":1.002,"p50":812.5,"p99":2100.0}`, with an `error` if there was one. The times are of microseconds.
#[derive(Default)]
pub struct Outcome {
    pub done: u64,
    pub failed: u64,
    pub seconds: f64,
    /// The first.
    pub error: Option<Failure>,
    /// Nanoseconds.
    pub latencies: Vec<u32>,
}

impl Outcome {
    pub(crate) fn took(&mut self, latency: Duration) {
        self.done += 1;
        let nanoseconds = u32::try_from(latency.as_nanos());
        self.latencies.push(nanoseconds.unwrap_or(u32::MAX));
    }

    pub(crate) fn fails(&mut self, failure: Failure) {
        self.failed += 1;
        self.error.get_or_insert(failure);
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.latencies.extend(other.latencies);
        self.error = self.error.take().or(other.error);
    }

    pub(crate) fn since(mut self, start: Instant) -> Self {
        self.seconds = start.elapsed().as_secs_f64();
        self
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let quantile = |of_hundred: usize| {
            let found = sorted.get(sorted.len() * of_hundred / 100);
            found.map(|&nanoseconds| f64::from(nanoseconds) / 1e3)
        };
        let mut line = serializer.serialize_struct("Outcome", 6)?;
        line.serialize_field("done", &self.done)?;
        line.serialize_field("failed", &self.failed)?;
        line.serialize_field("seconds", &self.seconds)?;
        line.serialize_field("p50", &quantile(50))?;
        line.serialize_field("p99", &quantile(99))?;
        line.serialize_field("error", &self.error.as_ref().map(ToString::to_string))?;
        line.end()
    }
}

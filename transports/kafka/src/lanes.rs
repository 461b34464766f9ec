//! Where events of one key are to be in order, and no others: each partition has
//! lanes, a key is always in the same, and in a lane one comes after the other.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::context::KafkaReceived;

/// How many events of a partition are handled at a time at most. Keys that share
/// a lane wait for each other.
pub(crate) const LANES: usize = 64;

/// The lanes of one partition. They end with this.
#[derive(Default)]
pub(crate) struct Lanes {
    /// Each begins with the first record in it.
    open: Vec<Option<UnboundedSender<KafkaReceived>>>,
    /// Where the next record without a key goes.
    next: usize,
    tasks: JoinSet<()>,
}

impl Lanes {
    /// Puts a record in its lane; `work` is what is done there.
    pub(crate) fn put<W>(
        &mut self,
        record: KafkaReceived,
        work: impl FnOnce(UnboundedReceiver<KafkaReceived>) -> W,
    ) where
        W: Future<Output = ()> + Send + 'static,
    {
        let lane = match &record.key {
            Some(key) => lane_of(key),
            None => {
                self.next = (self.next + 1) % LANES;
                self.next
            }
        };
        self.open.resize(LANES, None);
        let lane = self.open[lane].get_or_insert_with(|| {
            let (records, received) = unbounded_channel();
            self.tasks.spawn(work(received));
            records
        });
        // It fails only when the runtime ends.
        let _ = lane.send(record);
    }
}

fn lane_of(key: &[u8]) -> usize {
    // The remainder fits.
    (FxBuildHasher.hash_one(key) % LANES as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_spread_over_the_lanes() {
        let lanes: std::collections::BTreeSet<_> = (0..1_000_u32)
            .map(|n| lane_of(n.to_string().as_bytes()))
            .collect();
        assert_eq!(lanes.len(), LANES);
        assert_eq!(lane_of(b"order-7"), lane_of(b"order-7"));
    }
}

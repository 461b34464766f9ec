//! How far a partition has come: which of its records are done with, and from
//! where it would have to be read again.
//!
//! No I/O here: offsets in, offsets out.

use std::collections::VecDeque;

/// The records of one partition that were received, in order.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Those that are not done with, and those behind them that are.
    open: VecDeque<(i64, bool)>,
    /// All before this one are done with.
    position: Option<i64>,
    /// Whether that is news.
    has_moved: bool,
}

impl Progress {
    /// A record was received. Offsets rise, though not by one each.
    pub(crate) fn receive(&mut self, offset: i64) {
        self.open.push_back((offset, false));
    }

    /// A record is done with.
    pub(crate) fn settle(&mut self, offset: i64) {
        if let Ok(place) = self.open.binary_search_by_key(&offset, |(open, _)| *open) {
            self.open[place].1 = true;
        }
        while let Some((offset, true)) = self.open.front() {
            self.position = Some(offset + 1);
            self.has_moved = true;
            self.open.pop_front();
        }
    }

    /// A record is done with, and so are all before it.
    pub(crate) fn settle_up_to(&mut self, offset: i64) {
        let before = self.open.partition_point(|(open, _)| *open < offset);
        for (_, is_done) in self.open.iter_mut().take(before) {
            *is_done = true;
        }
        self.settle(offset);
    }

    /// From where on it would be read again, if anything is done with.
    pub(crate) fn position(&self) -> Option<i64> {
        self.position
    }

    /// The same, if it was not told yet.
    pub(crate) fn news(&mut self) -> Option<i64> {
        std::mem::take(&mut self.has_moved).then_some(self.position)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(offsets: &[i64]) -> Progress {
        let mut progress = Progress::default();
        offsets.iter().for_each(|offset| progress.receive(*offset));
        progress
    }

    #[test]
    fn nothing_is_committed_before_what_stands_before_it() {
        let mut progress = received(&[5, 6, 9]);
        progress.settle(6);
        assert_eq!(progress.position(), None);
        progress.settle(5);
        assert_eq!(progress.position(), Some(7));
        assert_eq!(progress.news(), Some(7));
        assert_eq!(progress.news(), None);
        assert_eq!(progress.open.len(), 1);
        progress.settle(9);
        assert_eq!(progress.position(), Some(10));
        assert_eq!(progress.news(), Some(10));
        assert_eq!(progress.open.len(), 0);
    }

    #[test]
    fn who_commits_by_hand_commits_all_before_it() {
        let mut progress = received(&[1, 2, 3]);
        progress.settle_up_to(2);
        assert_eq!(progress.position(), Some(3));
        progress.settle(2);
        assert_eq!(progress.position(), Some(3));
        progress.settle(3);
        assert_eq!(progress.position(), Some(4));
    }
}

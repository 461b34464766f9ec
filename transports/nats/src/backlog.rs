//! Messages that wait for their turn. NATS has no back-pressure: a server that
//! does not read is cut off, and what it does not take is lost. So everything
//! is read, waits here while too much is in hand, and is turned away, counted,
//! when too much waits.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::received::Received;

/// How often it is said how many were turned away, at most.
const REPORT: Duration = Duration::from_secs(1);

pub(crate) struct Backlog {
    waiting: VecDeque<Received>,
    /// In bytes, about.
    size: usize,
    limit: usize,
    dropped: u64,
    reported: u64,
    next_report: Option<Instant>,
}

impl Backlog {
    /// One that takes up `limit` bytes at most.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            waiting: VecDeque::new(),
            size: 0,
            limit,
            dropped: 0,
            reported: 0,
            next_report: None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Whether one more may wait.
    pub(crate) fn has_room_for(&self, received: &Received) -> bool {
        self.size + received.size <= self.limit
    }

    /// Lets it wait.
    pub(crate) fn push(&mut self, received: Received) {
        self.size += received.size;
        self.waiting.push_back(received);
    }

    /// The one that has waited longest, of those somebody still waits for.
    pub(crate) fn pop(&mut self) -> Option<Received> {
        while let Some(received) = self.waiting.pop_front() {
            self.size -= received.size;
            if !received.message.context.is_over() {
                return Some(received);
            }
            tracing::debug!("a request waited for its turn longer than its sender for the reply");
        }
        None
    }

    /// Counts one that was lost, and says so now or soon.
    pub(crate) fn count_dropped(&mut self) {
        self.dropped += 1;
        if self.next_report.is_none() {
            self.report();
        }
    }

    /// Waits until there is something to report, for ever if there never is.
    pub(crate) async fn report_due(&self) {
        match self.next_report {
            Some(due) => tokio::time::sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Says how many were lost since it was said last.
    pub(crate) fn report(&mut self) {
        let lost = self.dropped - self.reported;
        if lost == 0 {
            self.next_report = None;
            return;
        }
        tracing::warn!(
            lost,
            in_total = self.dropped,
            "messages were turned away: they come faster than they are handled and `max_pending_bytes` wait already"
        );
        self.reported = self.dropped;
        self.next_report = Some(Instant::now() + REPORT);
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.report();
    }
}

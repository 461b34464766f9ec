//! One partition that this server has at the moment: its records are handled in
//! a task of its own, so that none waits for those of another.
//!
//! The next file on a message's path is `handling.rs`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::context::KafkaReceived;
use crate::handling::Desk;
use crate::lanes::Lanes;
use crate::progress::Progress;
use crate::route::{Batch, KafkaOrder, Route};

pub(crate) struct Partition {
    pub(crate) route: Arc<Route>,
    pub(crate) number: i32,
    /// Whether only handlers say what is done with.
    manual_commit: bool,
    state: Mutex<State>,
    /// Nothing is in hand.
    idle: Condvar,
    records: UnboundedSender<KafkaReceived>,
    stopped: CancellationToken,
}

#[derive(Default)]
struct State {
    progress: Progress,
    /// Those that wait, and those in hand.
    unfinished: usize,
    in_hand: usize,
    is_stopped: bool,
}

/// Records that are in hand, for as long as this is held.
pub(crate) struct InHand {
    partition: Arc<Partition>,
    count: usize,
}

impl Partition {
    /// Begins to handle what will be received of a partition. Needs a runtime.
    pub(crate) fn start(
        route: Arc<Route>,
        number: i32,
        manual_commit: bool,
        desk: Arc<Desk>,
    ) -> Arc<Self> {
        let (records, received) = unbounded_channel();
        let partition = Arc::new(Self {
            route,
            number,
            manual_commit,
            state: Mutex::default(),
            idle: Condvar::new(),
            records,
            stopped: CancellationToken::new(),
        });
        tokio::spawn(partition.clone().run(received, desk));
        partition
    }

    /// Takes a record in; it waits for its turn. How many do is the answer.
    pub(crate) fn receive(&self, record: KafkaReceived) -> usize {
        let mut state = self.lock();
        if state.is_stopped {
            return 0;
        }
        state.progress.receive(record.offset);
        state.unfinished += 1;
        let unfinished = state.unfinished;
        drop(state);
        // It fails only when the runtime ends.
        let _ = self.records.send(record);
        unfinished
    }

    /// How many wait or are in hand.
    pub(crate) fn unfinished(&self) -> usize {
        self.lock().unfinished
    }

    /// From now on no record is begun.
    pub(crate) fn stop(&self) {
        self.lock().is_stopped = true;
        self.stopped.cancel();
    }

    /// How many are in hand.
    pub(crate) fn in_hand(&self) -> usize {
        self.lock().in_hand
    }

    /// Waits until nothing is in hand; false if it took too long.
    pub(crate) fn drain(&self, until: Instant) -> bool {
        let mut state = self.lock();
        while state.in_hand > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            let waited = self.idle.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// A handler says that its record is done with.
    pub(crate) fn commit(&self, offset: i64) {
        let mut state = self.lock();
        match self.manual_commit {
            true => state.progress.settle_up_to(offset),
            false => state.progress.settle(offset),
        }
    }

    /// Records are done with, as far as it is not for handlers to say so.
    pub(crate) fn settle(&self, records: &[KafkaReceived]) {
        if self.manual_commit {
            return;
        }
        let mut state = self.lock();
        for record in records {
            state.progress.settle(record.offset);
        }
    }

    /// See [`Progress::position`].
    pub(crate) fn position(&self) -> Option<i64> {
        self.lock().progress.position()
    }

    /// See [`Progress::news`].
    pub(crate) fn news(&self) -> Option<i64> {
        self.lock().progress.news()
    }

    /// Records are begun, unless it is too late for that.
    fn begin(self: &Arc<Self>, count: usize) -> Option<InHand> {
        let mut state = self.lock();
        if state.is_stopped {
            return None;
        }
        state.in_hand += 1;
        Some(InHand {
            partition: self.clone(),
            count,
        })
    }

    async fn run(self: Arc<Self>, records: UnboundedReceiver<KafkaReceived>, desk: Arc<Desk>) {
        let stopped = self.stopped.clone();
        let run = async {
            match self.route.order {
                KafkaOrder::Key => self.share_out(records, desk).await,
                _ => self.work(records, desk).await,
            }
        };
        tokio::select! {
            () = stopped.cancelled() => {}
            () = run => {}
        }
    }

    async fn share_out(
        self: Arc<Self>,
        mut records: UnboundedReceiver<KafkaReceived>,
        desk: Arc<Desk>,
    ) {
        let mut lanes = Lanes::default();
        while let Some(record) = records.recv().await {
            lanes.put(record, |lane| self.clone().work(lane, desk.clone()));
        }
    }

    /// Begins one after the other.
    async fn work(self: Arc<Self>, mut records: UnboundedReceiver<KafkaReceived>, desk: Arc<Desk>) {
        while let Some(record) = records.recv().await {
            let batch = match &self.route.batch {
                Some(batch) => collect(record, &mut records, batch).await,
                None => vec![record],
            };
            let Some(admission) = desk.intake.admit().await else {
                return;
            };
            let Some(in_hand) = self.begin(batch.len()) else {
                return;
            };
            let waits = self.route.waits_for(&batch);
            let (end, ended) = oneshot::channel::<()>();
            let handled = desk.clone().handle(self.clone(), batch);
            admission.run(async move {
                handled.await;
                drop((in_hand, end));
            });
            if waits {
                // It ends by being dropped.
                let _ = ended.await;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut state = self.partition.lock();
        state.in_hand -= 1;
        state.unfinished = state.unfinished.saturating_sub(self.count);
        if state.in_hand == 0 {
            self.partition.idle.notify_all();
        }
    }
}

/// What is there with the first record, and what comes soon.
async fn collect(
    first: KafkaReceived,
    records: &mut UnboundedReceiver<KafkaReceived>,
    batch: &Batch,
) -> Vec<KafkaReceived> {
    let mut collected = vec![first];
    let more = async {
        while collected.len() < batch.size {
            match records.recv().await {
                Some(record) => collected.push(record),
                None => return,
            }
        }
    };
    // What was there by then is handled.
    let _ = tokio::time::timeout(batch.wait, more).await;
    collected
}

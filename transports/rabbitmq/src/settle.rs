//! Telling the broker what became of messages: acknowledged, rejected, or to
//! be delivered again. Each message is settled once, on the channel it came by
//! and on no other.
//!
//! Acknowledgements go out in bunches: what was finished while the last ones
//! were written is acknowledged together as far as nothing before it is open.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use lapin::Channel;
use lapin::options::{BasicAckOptions, BasicRejectOptions};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// How many messages are acknowledged together, at most.
const BUNCH: usize = 256;

/// What becomes of a message at the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done with.
    Acknowledged,
    /// It goes to the dead-letter exchange, if its queue has one.
    Rejected,
    /// It is delivered again.
    Requeued,
}

#[derive(Debug)]
enum Task {
    Settle(u64, Fate),
    /// Nothing more comes.
    Finish,
}

/// Settles the messages of one channel.
pub(crate) struct Settler {
    tasks: UnboundedSender<Task>,
    running: JoinHandle<()>,
}

/// A message that is to be settled. One that is dropped unsettled is delivered
/// again once its channel is closed.
#[derive(Debug)]
pub(crate) struct Receipt {
    tag: u64,
    is_settled: AtomicBool,
    tasks: UnboundedSender<Task>,
}

impl Settler {
    pub(crate) fn start(channel: Channel) -> Self {
        let (tasks, settled) = unbounded_channel();
        let running = tokio::spawn(run(channel, settled));
        Self { tasks, running }
    }

    pub(crate) fn receipt(&self, tag: u64) -> Receipt {
        Receipt {
            tag,
            is_settled: AtomicBool::new(false),
            tasks: self.tasks.clone(),
        }
    }

    /// Waits until the broker was told of all that is settled up to now.
    pub(crate) async fn finish(self) {
        // Either fails only when it is over already.
        let _ = self.tasks.send(Task::Finish);
        let _ = self.running.await;
    }
}

impl Receipt {
    /// Whether this is what settled it. On a lost connection it settles
    /// nothing, neither there nor elsewhere.
    pub(crate) fn settle(&self, fate: Fate) -> bool {
        let is_first = !self.is_settled.swap(true, Ordering::AcqRel);
        is_first && self.tasks.send(Task::Settle(self.tag, fate)).is_ok()
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.is_settled.load(Ordering::Acquire)
    }
}

async fn run(channel: Channel, mut tasks: UnboundedReceiver<Task>) {
    let mut window = Window::default();
    let mut arrived = Vec::with_capacity(BUNCH);
    while tasks.recv_many(&mut arrived, BUNCH).await > 0 {
        let mut is_last = false;
        let mut acknowledged = Vec::with_capacity(arrived.len());
        let mut others = Vec::new();
        for task in arrived.drain(..) {
            match task {
                Task::Settle(tag, Fate::Acknowledged) => acknowledged.push(tag),
                Task::Settle(tag, fate) => others.push((tag, fate)),
                Task::Finish => is_last = true,
            }
        }
        if let Err(error) = settle(&channel, &mut window, acknowledged, others).await {
            // The broker delivers again what it was not told of.
            tracing::debug!(%error, "messages are not settled: their channel is gone");
            return;
        }
        if is_last {
            return;
        }
    }
}

async fn settle(
    channel: &Channel,
    window: &mut Window,
    acknowledged: Vec<u64>,
    others: Vec<(u64, Fate)>,
) -> lapin::Result<()> {
    for (tag, fate) in others {
        let requeue = fate == Fate::Requeued;
        channel
            .basic_reject(tag, BasicRejectOptions { requeue })
            .await?;
        window.close(tag);
    }
    let acks = window.acknowledge(acknowledged);
    for tag in acks.single {
        channel
            .basic_ack(tag, BasicAckOptions { multiple: false })
            .await?;
    }
    if let Some(tag) = acks.up_to {
        channel
            .basic_ack(tag, BasicAckOptions { multiple: true })
            .await?;
    }
    Ok(())
}

/// Which messages of a channel are settled. They are numbered from 1 on.
#[derive(Debug, Default)]
struct Window {
    /// This one and all before it.
    up_to: u64,
    beyond: BTreeSet<u64>,
}

#[derive(Debug, PartialEq)]
struct Acks {
    /// All up to this one at once.
    up_to: Option<u64>,
    single: Vec<u64>,
}

impl Window {
    /// Notes that the broker is told of a message by itself.
    fn close(&mut self, tag: u64) {
        self.beyond.insert(tag);
        while self.beyond.remove(&(self.up_to + 1)) {
            self.up_to += 1;
        }
    }

    /// The fewest acknowledgements that say it.
    fn acknowledge(&mut self, tags: Vec<u64>) -> Acks {
        for tag in &tags {
            self.close(*tag);
        }
        // The broker has to know the number it is told, so it is one of these.
        let (together, single): (Vec<_>, Vec<_>) =
            tags.into_iter().partition(|tag| *tag <= self.up_to);
        Acks {
            up_to: together.into_iter().max(),
            single,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acks(up_to: Option<u64>, single: &[u64]) -> Acks {
        let single = single.to_vec();
        Acks { up_to, single }
    }

    #[test]
    fn what_is_finished_in_order_is_acknowledged_together() {
        let mut window = Window::default();
        assert_eq!(window.acknowledge(vec![1, 2, 3]), acks(Some(3), &[]));
        assert_eq!(window.acknowledge(vec![5, 4]), acks(Some(5), &[]));
        assert_eq!(window.acknowledge(vec![]), acks(None, &[]));
    }

    #[test]
    fn nothing_that_is_open_is_acknowledged_along() {
        let mut window = Window::default();
        assert_eq!(window.acknowledge(vec![1, 3, 4]), acks(Some(1), &[3, 4]));
        assert_eq!(window.acknowledge(vec![6]), acks(None, &[6]));
        // 3 and 4 are settled already; 5 closes the gap.
        assert_eq!(window.acknowledge(vec![2]), acks(Some(2), &[]));
        assert_eq!(window.acknowledge(vec![5, 7, 9]), acks(Some(7), &[9]));
    }

    #[test]
    fn what_was_rejected_is_no_gap() {
        let mut window = Window::default();
        window.close(2);
        assert_eq!(window.acknowledge(vec![1, 3]), acks(Some(3), &[]));
        window.close(4);
        assert_eq!(window.acknowledge(vec![5]), acks(Some(5), &[]));
        assert!(window.beyond.is_empty());
    }

    #[tokio::test]
    async fn a_message_is_settled_once() {
        let (tasks, mut settled) = unbounded_channel();
        let is_settled = AtomicBool::new(false);
        let receipt = Receipt {
            tag: 7,
            is_settled,
            tasks,
        };
        assert!(!receipt.is_settled());
        assert!(receipt.settle(Fate::Requeued));
        assert!(!receipt.settle(Fate::Acknowledged));
        assert!(receipt.is_settled());
        assert!(matches!(
            settled.recv().await,
            Some(Task::Settle(7, Fate::Requeued))
        ));
        assert!(settled.try_recv().is_err());
    }
}

//! [`Pace`]: for what works off a queue that many tasks fill.
//!
//! Back to the path of a message: [`crate::client`].

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// More than this at a time is much.
const FEW: usize = 2;

/// Lets others have their turn first while there is much to do.
///
/// What writes for many tasks is woken by the first of them, and tokio polls it
/// next: it would write that one's message, then the next one's, each in a system
/// call of its own. Behind the others it finds all that they have. A message that
/// is alone waits for nobody.
///
/// ```
/// use nestrs_core::pace::Pace;
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (sender, mut queue) = mpsc::unbounded_channel::<String>();
/// let writer = tokio::spawn(async move {
///     let (mut pace, mut batch, mut batches) = (Pace::default(), Vec::new(), 0);
///     while pace.next(queue.recv_many(&mut batch, 64)).await > 0 {
///         pace.did(batch.len());
///         batch.clear();
///         batches += 1;
///     }
///     batches
/// });
/// # drop(sender);
/// # assert_eq!(writer.await.unwrap(), 0);
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Pace {
    /// Since it waited last.
    did: usize,
}

impl Pace {
    /// What `next` brings. If it has to be waited for, and much was done since the
    /// last wait, it is looked for again only after the tasks that are ready by then.
    ///
    /// # Cancel safety
    ///
    /// That of `next`.
    pub async fn next<F: Future>(&mut self, next: F) -> F::Output {
        let mut next = pin!(next);
        loop {
            if let Poll::Ready(output) = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
                return output;
            }
            let was_much = std::mem::take(&mut self.did) > FEW;
            woken().await;
            if was_much {
                tokio::task::yield_now().await;
            }
        }
    }

    /// So much came of it.
    pub fn did(&mut self, count: usize) {
        self.did += count;
    }
}

/// Waits for what the task waits for already.
async fn woken() {
    let mut is_woken = false;
    poll_fn(|_| match std::mem::replace(&mut is_woken, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc;

    /// How large the batches were in which rounds of ten messages came, each of a
    /// task of its own.
    async fn batches(did: fn(usize) -> usize) -> Vec<usize> {
        let (sender, mut queue) = mpsc::unbounded_channel();
        let worker = tokio::spawn(async move {
            let (mut pace, mut batch, mut sizes) = (Pace::default(), Vec::new(), Vec::new());
            while pace.next(queue.recv_many(&mut batch, 64)).await > 0 {
                pace.did(did(batch.len()));
                sizes.push(batch.len());
                batch.clear();
            }
            sizes
        });
        for _ in 0..2 {
            // It waits.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            let mut round = tokio::task::JoinSet::new();
            // Woken by the first.
            sender.send(0).unwrap();
            for number in 1..10 {
                let sender = sender.clone();
                round.spawn(async move {
                    sender.send(number).unwrap();
                    tokio::task::yield_now().await;
                });
            }
            round.join_all().await;
        }
        drop(sender);
        worker.await.unwrap()
    }

    #[tokio::test]
    async fn where_there_was_much_all_that_are_ready_have_their_turn_first() {
        let (busy, idle) = (batches(|_| 3).await, batches(|_| 0).await);
        assert_eq!(busy.iter().sum::<usize>(), 20);
        assert_eq!(busy.last(), Some(&10), "{busy:?}");
        assert!(idle.len() > busy.len(), "{idle:?} {busy:?}");
    }
}

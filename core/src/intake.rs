//! How many messages a server has in hand, at most, and how they come to
//! their end. Every server takes messages in through an [`Intake`], so these
//! hold for all transports alike: never more tasks than the limit, no handler
//! started after the stop, everything in hand finished before the drain is.
//!
//! The next file on a message's path is [`crate::dispatch`].

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::TaskTracker;

use crate::context::Over;
use crate::dispatch::BoxFuture;
use crate::in_hand::InHand;
use crate::shutdown::Shutdown;

/// Admits messages while there is room and the server is not stopping. Clones
/// share the room.
///
/// ```
/// use nestrs_core::Shutdown;
/// use nestrs_core::intake::Intake;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let shutdown = Shutdown::new();
/// let intake = Intake::new(100, shutdown.clone());
/// let admission = intake.admit().await.unwrap();
/// admission.run(async { /* handle it */ });
/// shutdown.stop();
/// assert!(intake.admit().await.is_none());
/// intake.drained().await;
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Intake {
    room: Arc<Semaphore>,
    tasks: TaskTracker,
    shutdown: Shutdown,
}

/// A place among the messages in hand, free again once it is dropped.
#[derive(Debug)]
pub struct Admission {
    place: OwnedSemaphorePermit,
    has_waited: bool,
    tasks: TaskTracker,
    shutdown: Shutdown,
}

impl Intake {
    /// An intake for at most `max_in_flight` messages at a time (at least 1).
    pub fn new(max_in_flight: usize, shutdown: Shutdown) -> Self {
        let room = max_in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(room)),
            tasks: TaskTracker::new(),
            shutdown,
        }
    }

    /// Waits for a place; `None` once the server is stopping. A server that
    /// waits here reads nothing meanwhile, which is the back-pressure.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time; a place is taken only when it is returned.
    pub async fn admit(&self) -> Option<Admission> {
        if let Some(admission) = self.try_admit() {
            return Some(admission);
        }
        tokio::select! {
            biased;
            () = self.shutdown.stopping() => None,
            place = self.room.clone().acquire_owned() => Some(self.admission(place.ok()?, true)),
        }
    }

    /// [`admit`](Self::admit) where there is a place right now.
    pub fn try_admit(&self) -> Option<Admission> {
        if self.shutdown.is_stopping() {
            return None;
        }
        let place = self.room.clone().try_acquire_owned().ok()?;
        Some(self.admission(place, false))
    }

    fn admission(&self, place: OwnedSemaphorePermit, has_waited: bool) -> Admission {
        Admission {
            place,
            has_waited,
            tasks: self.tasks.clone(),
            shutdown: self.shutdown.clone(),
        }
    }

    /// What the intake stops for.
    pub fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Waits until the server is stopping and nothing is in hand any more,
    /// finished or aborted.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn drained(&self) {
        self.shutdown.stopping().await;
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Admission {
    /// Whether the message had to wait for its place: its sender may have given
    /// up meanwhile.
    pub fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Runs `work` in a task of its own, in this place.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn run(self, work: impl Future<Output = ()> + Send + 'static) {
        self.run_in_hand(None, Box::pin(work));
    }

    /// [`run`](Self::run) that ends with `over`, when nobody waits for the answer
    /// any more: [`MessageContext::over`](crate::MessageContext::over).
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn run_until(self, over: Over, work: impl Future<Output = ()> + Send + 'static) {
        self.run_in_hand(Some(over), Box::pin(work));
    }

    fn run_in_hand(self, over: Option<Over>, work: BoxFuture<'static, ()>) {
        let in_hand = InHand {
            work,
            over,
            shutdown: self.shutdown,
            aborting: None,
            _place: self.place,
        };
        self.tasks.spawn(in_hand);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn never_more_in_hand_than_the_limit() {
        let intake = Intake::new(3, Shutdown::new());
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..100 {
            let (now, most) = (now.clone(), most.clone());
            intake.admit().await.unwrap().run(async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                now.fetch_sub(1, Ordering::SeqCst);
            });
        }
        intake.shutdown().stop();
        intake.drained().await;
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn who_waits_for_a_place_is_turned_away_by_a_stop() {
        let intake = Intake::new(1, Shutdown::new());
        let _held = intake.admit().await.unwrap();
        let waiting = tokio::spawn({
            let intake = intake.clone();
            async move { intake.admit().await.is_none() }
        });
        tokio::task::yield_now().await;
        intake.shutdown().stop();
        assert!(waiting.await.unwrap());
    }

    #[tokio::test]
    async fn a_stop_turns_away_though_there_is_room() {
        let intake = Intake::new(2, Shutdown::new());
        let _held = intake.try_admit().unwrap();
        intake.shutdown().stop();
        assert!(intake.try_admit().is_none());
        assert!(intake.admit().await.is_none());
    }

    #[tokio::test]
    async fn an_abort_ends_what_does_not_end_by_itself() {
        let intake = Intake::new(1, Shutdown::new());
        intake.admit().await.unwrap().run(std::future::pending());
        let started = Arc::new(Notify::new());
        started.notify_one();
        started.notified().await;
        intake.shutdown().abort();
        intake.drained().await;
    }
}

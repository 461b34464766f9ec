//! How many messages a server has in hand, at most, and how they come to
//! their end. Every server takes messages in through an [`Intake`], so these
//! hold for all transports alike: never more tasks than the limit, no handler
//! started after the stop, everything in hand finished before the drain is.
//!
//! The next file on a message's path is [`crate::dispatch`].

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::at_once::AtOnce;
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
pub struct Intake(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    room: Semaphore,
    /// How many places there are.
    size: u32,
    at_once: AtOnce,
    shutdown: Shutdown,
}

/// A place among the messages in hand, free again once it is dropped.
#[derive(Debug)]
pub struct Admission {
    place: Place,
    has_waited: bool,
}

/// One of the room's permits.
#[derive(Debug)]
pub(crate) struct Place(Arc<Shared>);

impl Intake {
    /// An intake for at most `max_in_flight` messages at a time (at least 1).
    pub fn new(max_in_flight: usize, shutdown: Shutdown) -> Self {
        let most = u32::try_from(Semaphore::MAX_PERMITS).unwrap_or(u32::MAX);
        let size = u32::try_from(max_in_flight).unwrap_or(most).clamp(1, most);
        Self(Arc::new(Shared {
            room: Semaphore::new(size as usize),
            size,
            at_once: AtOnce::default(),
            shutdown,
        }))
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
            () = self.shutdown().stopping() => None,
            place = self.0.room.acquire() => Some(self.admission(place.ok()?, true)),
        }
    }

    /// [`admit`](Self::admit) where there is a place right now.
    pub fn try_admit(&self) -> Option<Admission> {
        if self.shutdown().is_stopping() {
            return None;
        }
        let place = self.0.room.try_acquire().ok()?;
        Some(self.admission(place, false))
    }

    fn admission(&self, permit: SemaphorePermit<'_>, has_waited: bool) -> Admission {
        permit.forget();
        Admission {
            place: Place(Arc::clone(&self.0)),
            has_waited,
        }
    }

    /// What the intake stops for.
    pub fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }

    /// Waits until the server is stopping and nothing is in hand any more,
    /// finished or aborted.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn drained(&self) {
        self.shutdown().stopping().await;
        // It is never closed.
        let _all = self.0.room.acquire_many(self.0.size).await;
    }
}

impl Place {
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.0.shutdown
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.room.add_permits(1);
    }
}

impl Admission {
    /// Whether the message had to wait for its place: its sender may have given
    /// up meanwhile.
    pub fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// Runs `work` in this place: begins it at once, and lets it go on in a task of
    /// its own when it waits for anything. If work computes for long, more than some
    /// microseconds, what comes next is done in tasks altogether for a while.
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
        let mut in_hand = InHand {
            work,
            over,
            aborting: None,
            place: self.place,
        };
        if in_hand.place.0.at_once.is_next() {
            let begun = Instant::now();
            let is_done = in_hand.is_done_at_once();
            in_hand.place.0.at_once.took(begun.elapsed());
            if is_done {
                return;
            }
        }
        tokio::spawn(in_hand);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::task::{Context, Waker};
    use std::time::Duration;

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

    /// Whether work has been done when `run` returns.
    fn is_done_within(intake: &Intake, work: impl Future<Output = ()> + Send + 'static) -> bool {
        let done = Arc::new(AtomicBool::new(false));
        let is_done = done.clone();
        let admission = intake.try_admit().unwrap();
        admission.run(async move {
            work.await;
            done.store(true, Ordering::SeqCst);
        });
        is_done.load(Ordering::SeqCst)
    }

    #[tokio::test]
    async fn what_waits_for_nothing_is_done_at_once_and_what_waits_has_a_task() {
        let intake = Intake::new(2, Shutdown::new());
        assert!(is_done_within(&intake, async {}));
        assert!(!is_done_within(&intake, tokio::task::yield_now()));
        intake.shutdown().stop();
        intake.drained().await;
    }

    #[tokio::test]
    async fn what_computes_for_long_is_followed_by_tasks() {
        let intake = Intake::new(8, Shutdown::new());
        assert!(is_done_within(&intake, async {
            std::thread::sleep(Duration::from_millis(1));
        }));
        assert!(!is_done_within(&intake, async {}));
    }

    #[tokio::test]
    async fn what_panics_ends_alone() {
        let intake = Intake::new(1, Shutdown::new());
        let admission = intake.try_admit().unwrap();
        admission.run(async { panic!("as this test wants it") });
        assert!(intake.try_admit().is_some());
    }

    #[tokio::test]
    async fn a_drain_waits_for_what_runs_on_another_thread() {
        let intake = Intake::new(4, Shutdown::new());
        let (begun, has_begun) = std::sync::mpsc::channel();
        let (go_on, waits) = std::sync::mpsc::channel::<()>();
        let admission = intake.try_admit().unwrap();
        let working = std::thread::spawn(move || {
            admission.run(async move {
                begun.send(()).unwrap();
                waits.recv().unwrap();
            });
        });
        has_begun.recv().unwrap();
        intake.shutdown().stop();
        let drained = intake.drained();
        tokio::pin!(drained);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(drained.as_mut().poll(&mut cx).is_pending());
        go_on.send(()).unwrap();
        drained.await;
        working.join().unwrap();
    }
}

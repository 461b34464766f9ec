//! How a server stops: the broker sends nothing more, and all that it sent is
//! finished and answered.
//!
//! Back to the path of a message: `pump.rs`.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};

use crate::link::Echo;
use crate::pump::Pump;

/// After how many more messages subscriptions end; the second if that takes too
/// long.
const LAST_ONES: [u64; 2] = [1_024, 64];
/// How many ways to the broker and back may pass until then.
const ROUND_TRIPS: usize = 500;
/// After how many without a message hardly any come.
const QUIET: usize = 20;
/// How long a server that stops waits for a broker that says nothing.
const FAREWELL: Duration = Duration::from_secs(2);

impl Pump {
    /// Stops the broker from sending, and lets all that it sent be finished
    /// and answered.
    pub(crate) async fn drain(&mut self) {
        self.unsubscribe().await;
        self.subscriptions.clear();
        while !self.backlog.is_empty() {
            let admission = self.intake.admit().await;
            let (Some(admission), Some(received)) = (admission, self.backlog.pop()) else {
                break;
            };
            self.handle(admission, received);
        }
        self.draining.stop();
        self.intake.drained().await;
        // The replies have reached the broker.
        if self.link.is_up() {
            let all = async {
                let written = self.link.outbox.flush().await;
                written.is_ok() && self.link.confirm().await
            };
            let _ = tokio::time::timeout(FAREWELL, all).await;
        }
    }

    /// Stops the broker from sending, and takes in what it had sent.
    ///
    /// The driver forgets a subscription when it has told the broker, and with
    /// it the messages that were on their way. Where they come thick and fast
    /// it is told instead after how many to end, which it and the broker count
    /// alike, and nothing is lost; where hardly any come, hardly any can be.
    async fn unsubscribe(&mut self) {
        if let Some(mut echo) = self.link.echo().await
            && self.counts_agree
        {
            for more in LAST_ONES {
                for subscription in self.subscriptions.iter_mut() {
                    let last = subscription.taken + more;
                    // If that finds no room, the connection is not there.
                    let _ = subscription
                        .subscriber
                        .unsubscribe_after(last)
                        .now_or_never();
                }
                if self.is_quiet(&mut echo).await {
                    break;
                }
            }
        }
        for subscription in self.subscriptions.iter_mut() {
            let _ = subscription.subscriber.drain().now_or_never();
        }
        self.take_in_while(tokio::time::sleep(FAREWELL)).await;
    }

    /// Takes in what comes until hardly anything does; false if that does not
    /// happen soon.
    async fn is_quiet(&mut self, echo: &mut Echo) -> bool {
        let mut quiet = 0;
        for _ in 0..ROUND_TRIPS {
            let before = self.taken();
            self.take_in_while(echo.round_trip().map(drop)).await;
            // What was there before the echo.
            while let Some(Some((route, messages))) = self.subscriptions.next().now_or_never() {
                self.take_in(&route, messages);
            }
            quiet = if self.taken() == before { quiet + 1 } else { 0 };
            if quiet == QUIET || !self.has_routes() || !self.link.is_up() {
                return true;
            }
        }
        false
    }

    /// Takes messages in until then, or until none can come.
    async fn take_in_while(&mut self, end: impl Future<Output = ()>) {
        let link = self.link.clone();
        if self.has_routes() {
            self.take_in_until(async {
                tokio::select! {
                    () = link.until_down() => {}
                    () = end => {}
                }
            })
            .await;
        }
    }

    fn taken(&mut self) -> u64 {
        let subscriptions = self.subscriptions.iter_mut();
        subscriptions.map(|subscription| subscription.taken).sum()
    }
}

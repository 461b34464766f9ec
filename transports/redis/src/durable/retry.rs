//! Takes over events that rest: those that failed, and those whose server is
//! gone. Meanwhile it says of its own that they are in hand.

use std::sync::Arc;
use std::time::Duration;

use nestrs_core::TransportError;

use crate::durable::consumer::Consumer;
use crate::durable::stream::Stream;
use crate::handling::Handling;
use crate::pipe::Pipe;

/// How many events of a stream are taken over at a time.
const COUNT: usize = 64;
/// How often it is looked for them at most and at least.
const OFTEN: Duration = Duration::from_millis(20);
const SELDOM: Duration = Duration::from_secs(5);

impl Consumer {
    /// Says over and over that what is in hand is.
    pub(crate) async fn speak(&self, handling: &Handling) {
        loop {
            tokio::time::sleep(self.options.retry_after / 3).await;
            let Some(pipe) = handling.outlet.pipe().await else {
                return;
            };
            for stream in &self.streams {
                if let Err(error) = stream.speak_for_all(&pipe).await {
                    tracing::debug!(stream = stream.key, %error, "cannot say what is in hand");
                }
            }
        }
    }

    /// Looks over and over for events that rest, until the server stops.
    pub(crate) async fn retry(&self, handling: &Handling) {
        let pause = (self.options.retry_after / 4).clamp(OFTEN, SELDOM);
        let shutdown = &handling.shutdown;
        loop {
            let next = async {
                tokio::time::sleep(pause).await;
                handling.outlet.pipe().await
            };
            let pipe = tokio::select! {
                biased;
                () = shutdown.stopping() => return,
                pipe = next => pipe,
            };
            let Some(pipe) = pipe else { return };
            for stream in &self.streams {
                match self.take_over(stream, &pipe, handling).await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => {
                        tracing::debug!(stream = stream.key, %error, "cannot look for events that rest");
                    }
                }
            }
        }
    }

    /// Has once more what was on its way when a connection was lost. False once
    /// the server is stopping.
    pub(crate) async fn fetch_missed(
        &self,
        stream: &Arc<Stream>,
        pipe: &Pipe,
        handling: &Handling,
    ) -> Result<bool, TransportError> {
        for missed in stream.missed(COUNT, pipe).await? {
            let Some(admission) = handling.admit_of_stream().await else {
                return Ok(false);
            };
            let in_hand = stream.hold(&missed.id);
            if let Some(entry) = stream.fetch(&missed, pipe).await? {
                let delivered = self.delivered(stream, entry, missed.attempts, in_hand);
                delivered.run(handling, admission);
            }
        }
        Ok(true)
    }

    /// False once the server is stopping.
    async fn take_over(
        &self,
        stream: &Arc<Stream>,
        pipe: &Pipe,
        handling: &Handling,
    ) -> Result<bool, TransportError> {
        let idle = self.options.retry_after;
        for pending in stream.pending(idle, COUNT, pipe).await? {
            let Some(admission) = handling.admit_of_stream().await else {
                return Ok(false);
            };
            // In hand before it is ours, so that it is never neither.
            let in_hand = stream.hold(&pending.id);
            // Another server may have been quicker.
            let Some(entry) = stream.claim(&pending, idle, pipe).await? else {
                continue;
            };
            let attempts = pending.attempts;
            let delivered = self.delivered(stream, entry, attempts + 1, in_hand);
            if attempts >= self.options.max_attempts {
                let why = "the servers that handled it were gone before they were done";
                delivered.bury(why, pipe).await?;
                continue;
            }
            delivered.run(handling, admission);
        }
        Ok(true)
    }
}

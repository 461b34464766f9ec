//! The channels a client is subscribed to for replies: one for each pattern, as
//! long as it is in use, counted. Subscribing anew for each request would cost a
//! round trip; staying subscribed for ever would cost reading what others are
//! replied.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nestrs_core::TransportError;
use redis::aio::PubSubSink;
use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::channels::{CANCEL, REPLY};
use crate::failure::of_command;

/// A channel that nobody used for this long, or up to twice as long, is left.
const IDLE: Duration = Duration::from_secs(30);
/// How many channels are subscribed to together at most.
const BATCH: usize = 256;

/// Clones share them.
#[derive(Clone)]
pub(crate) struct ReplyChannels {
    known: Arc<Mutex<FxHashMap<String, Arc<ReplyChannel>>>>,
    wanted: mpsc::UnboundedSender<Arc<ReplyChannel>>,
}

/// What a client knows of a pattern.
pub(crate) struct ReplyChannel {
    pub(crate) route: Arc<str>,
    /// The pattern as JSON.
    pub(crate) pattern: String,
    /// Where it is said that a call is not waited for any more.
    pub(crate) cancels: String,
    users: AtomicUsize,
    /// Whether it was in use since somebody last looked.
    was_used: AtomicBool,
    subscribed: watch::Sender<Option<Result<(), TransportError>>>,
}

/// A channel in use, until this is dropped.
pub(crate) struct Held(pub(crate) Arc<ReplyChannel>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.was_used.store(true, Ordering::Relaxed);
        self.0.users.fetch_sub(1, Ordering::Release);
    }
}

impl ReplyChannels {
    /// Those of a new session, subscribed to those of the last one, and the
    /// task that subscribes to more.
    pub(crate) async fn open(
        mut subscriptions: PubSubSink,
        routes: &[String],
    ) -> redis::RedisResult<(Self, impl Future<Output = ()> + use<>)> {
        if !routes.is_empty() {
            let names: Vec<_> = routes.iter().map(|route| name(route)).collect();
            subscriptions.subscribe(names).await?;
        }
        let known = routes.iter().map(|route| {
            let channel = ReplyChannel::new(route);
            channel.subscribed.send_replace(Some(Ok(())));
            (route.clone(), Arc::new(channel))
        });
        let (wanted, asked) = mpsc::unbounded_channel();
        let channels = Self {
            known: Arc::new(Mutex::new(known.collect())),
            wanted,
        };
        let keeping = channels.known.clone();
        Ok((channels, keep(keeping, subscriptions, asked)))
    }

    /// The patterns whose replies are subscribed to.
    pub(crate) fn names(&self) -> Vec<String> {
        let subscribed =
            |channel: &Arc<ReplyChannel>| matches!(&*channel.subscribed.borrow(), Some(Ok(())));
        let known = lock(&self.known);
        let in_use = known.iter().filter(|(_, channel)| subscribed(channel));
        in_use.map(|(route, _)| route.clone()).collect()
    }

    /// Subscribes to the replies of a pattern, unless that is done already.
    pub(crate) async fn hold(&self, route: &str) -> Result<Held, TransportError> {
        let held = self.enter(route)?;
        // In a statement of its own: it holds a lock.
        let outcome = held.0.subscribed.borrow().clone();
        if let Some(outcome) = outcome {
            return outcome.map(|()| held);
        }
        let mut subscribed = held.0.subscribed.subscribe();
        let outcome = match subscribed.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        outcome.unwrap_or_else(|| Err(TransportError::connection_closed()))?;
        Ok(held)
    }

    fn enter(&self, route: &str) -> Result<Held, TransportError> {
        let mut known = lock(&self.known);
        let channel = match known.get(route) {
            Some(channel) => channel.clone(),
            None => {
                let channel = Arc::new(ReplyChannel::new(route));
                // Under the lock: in this order it is subscribed to and left.
                self.wanted
                    .send(channel.clone())
                    .map_err(|_| TransportError::connection_closed())?;
                known.insert(route.to_owned(), channel.clone());
                channel
            }
        };
        channel.users.fetch_add(1, Ordering::Acquire);
        Ok(Held(channel))
    }
}

impl ReplyChannel {
    fn new(route: &str) -> Self {
        Self {
            route: route.into(),
            pattern: Value::from(route).to_string(),
            cancels: format!("{CANCEL}{route}"),
            users: AtomicUsize::new(0),
            was_used: AtomicBool::new(true),
            subscribed: watch::Sender::new(None),
        }
    }
}

fn name(route: &str) -> String {
    format!("{route}{REPLY}")
}

type Known = Mutex<FxHashMap<String, Arc<ReplyChannel>>>;

/// Subscribes to what is wanted, and leaves what nobody uses.
async fn keep(
    known: Arc<Known>,
    mut subscriptions: PubSubSink,
    mut wanted: mpsc::UnboundedReceiver<Arc<ReplyChannel>>,
) {
    let mut look = tokio::time::interval_at(Instant::now() + IDLE, IDLE);
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            biased;
            count = wanted.recv_many(&mut batch, BATCH) => {
                if count == 0 {
                    return;
                }
                subscribe(&known, &mut subscriptions, &batch).await;
                batch.clear();
            }
            _ = look.tick() => {
                let idle = take_idle(&known);
                // Who is asked for one of them meanwhile is subscribed after it.
                if !idle.is_empty() && subscriptions.unsubscribe(idle).await.is_err() {
                    tracing::debug!("cannot unsubscribe from replies");
                }
            }
        }
    }
}

async fn subscribe(known: &Known, to: &mut PubSubSink, wanted: &[Arc<ReplyChannel>]) {
    let names: Vec<_> = wanted.iter().map(|channel| name(&channel.route)).collect();
    let together = to.subscribe(&names).await;
    for (channel, name) in wanted.iter().zip(&names) {
        // One that is forbidden fails all of them.
        let outcome = match &together {
            Err(error) if names.len() > 1 && error.code().is_some() => to.subscribe(name).await,
            outcome => outcome.clone(),
        };
        let outcome = outcome.map_err(|error| of_command(&error));
        if outcome.is_err() {
            // Who asks next tries again.
            lock(known).remove(&*channel.route);
        }
        channel.subscribed.send_replace(Some(outcome));
    }
}

/// The names of the channels that were not in use since the last time.
fn take_idle(known: &Known) -> Vec<String> {
    let mut idle = Vec::new();
    lock(known).retain(|route, channel| {
        let in_use = channel.users.load(Ordering::Acquire) > 0;
        let was_used = channel.was_used.swap(false, Ordering::Relaxed);
        let stays = in_use || was_used;
        if !stays {
            idle.push(name(route));
        }
        stays
    });
    idle
}

fn lock(known: &Known) -> MutexGuard<'_, FxHashMap<String, Arc<ReplyChannel>>> {
    // No code that can panic runs under the lock.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nestrs::core::ErrorKind;
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{Failure, stand::Client};

/// Who sends beside each other, half of them requests and half events.
const SENDERS: u64 = 8;
/// Between two messages of a sender: what breaks is of interest, and not how much passes.
const PAUSE: Duration = Duration::from_millis(4);
/// How long a request waits. Some get no answer when something breaks.
const PATIENCE: Duration = Duration::from_secs(8);

/// Messages without end, until they are stopped.
pub(crate) struct Load {
    shared: Arc<Shared>,
    senders: JoinSet<()>,
}

struct Shared {
    client: Client,
    next: AtomicU64,
    stop: AtomicBool,
    sent: Mutex<Sent>,
    acked: watch::Sender<usize>,
}

/// What a load has sent.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    pub(crate) attempted: usize,
    /// Requests that were answered.
    pub(crate) answered: Vec<u64>,
    /// Events that were taken for sent.
    pub(crate) emitted: Vec<u64>,
    /// Answers to someone else, and errors that nothing that breaks can cause.
    pub(crate) unexpected: Vec<String>,
    pub(crate) latencies: Vec<Duration>,
}

impl Load {
    /// Sends to `id` and `event`.
    pub(crate) fn start(client: &Client) -> Self {
        let shared = Arc::new(Shared {
            client: client.clone(),
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            sent: Mutex::default(),
            acked: watch::Sender::default(),
        });
        let senders = (0..SENDERS)
            .map(|number| shared.clone().send(number % 2 == 0))
            .collect();
        Self { shared, senders }
    }

    /// Who sends it.
    pub(crate) fn client(&self) -> &Client {
        &self.shared.client
    }

    /// Waits until so many more are acknowledged.
    pub(crate) async fn until_acked(&self, more: usize) {
        let mut acked = self.shared.acked.subscribe();
        let enough = *acked.borrow() + more;
        // The sender is in `self`.
        let _ = acked.wait_for(|acked| *acked >= enough).await;
    }

    /// Stops sending, and waits for what is under way.
    pub(crate) async fn stop(self) -> Sent {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.senders.join_all().await;
        std::mem::take(&mut *self.shared.lock())
    }
}

impl Shared {
    async fn send(self: Arc<Self>, requests: bool) {
        while !self.stop.load(Ordering::Relaxed) {
            let id = self.next.fetch_add(1, Ordering::Relaxed);
            self.lock().attempted += 1;
            if requests {
                self.request(id).await;
            } else if self.client.event("event", id).await.is_ok() {
                self.lock().emitted.push(id);
                self.acked.send_modify(|acked| *acked += 1);
            }
            sleep(PAUSE).await;
        }
    }

    async fn request(&self, id: u64) {
        let start = Instant::now();
        let payload = json!({ "id": id });
        let reply = self.client.request_within("id", payload, PATIENCE).await;
        let mut sent = self.lock();
        match reply {
            Ok(reply) if reply == json!(id) => {
                sent.answered.push(id);
                sent.latencies.push(start.elapsed());
                drop(sent);
                self.acked.send_modify(|acked| *acked += 1);
            }
            Ok(reply) => sent.unexpected.push(format!("{id} was answered {reply}")),
            Err(error) if is_of_a_break(error.kind()) => {}
            Err(error) => sent.unexpected.push(format!("{id}: {error}")),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_of_a_break(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Timeout
            | ErrorKind::Connect
            | ErrorKind::ConnectionClosed
            | ErrorKind::NoHandler
            | ErrorKind::Unavailable
    )
}

/// Asks until a request is answered, and says how long that took; it fails after `limit`.
pub(crate) async fn recovered(
    client: &Client,
    since: Instant,
    limit: Duration,
) -> Result<Duration, Failure> {
    let mut last = None;
    while since.elapsed() < limit {
        let asked = client.request_within("echo", json!(1), Duration::from_millis(500));
        match asked.await {
            Ok(_) => return Ok(since.elapsed()),
            Err(error) => last = Some(error),
        }
        sleep(Duration::from_millis(5)).await;
    }
    let last = last.map(|error| error.to_string()).unwrap_or_default();
    Err(Failure::Broken(format!(
        "no request was answered within {limit:?} of the end of the fault; the last: {last}"
    )))
}

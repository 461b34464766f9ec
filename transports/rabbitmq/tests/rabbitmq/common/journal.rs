//! What the handlers of a server have done, for the tests to look at.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use nestrs_transport_rabbitmq::RabbitMqContext;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use super::soon;

/// What a server has, for the tests to look at.
#[derive(Clone)]
pub(crate) struct Journal {
    /// Payloads of what was begun, in order.
    pub(crate) begun: watch::Sender<Vec<Value>>,
    /// `gated` waits for it.
    pub(crate) gate: Arc<Semaphore>,
    /// A permit for each `gated` that is over, however it ended.
    pub(crate) over: Arc<Semaphore>,
    /// The first so many of `flaky` fail.
    pub(crate) failures: Arc<AtomicU64>,
    pub(crate) contexts: Arc<Mutex<Vec<RabbitMqContext>>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            begun: watch::Sender::default(),
            gate: Arc::new(Semaphore::new(0)),
            over: Arc::new(Semaphore::new(0)),
            failures: Arc::default(),
            contexts: Arc::default(),
        }
    }
}

impl Journal {
    pub(crate) async fn until(
        &self,
        what: &str,
        is: impl FnMut(&Vec<Value>) -> bool,
    ) -> Vec<Value> {
        soon(what, self.reach(is)).await
    }

    /// As long as it takes.
    pub(crate) async fn reach(&self, is: impl FnMut(&Vec<Value>) -> bool) -> Vec<Value> {
        let mut begun = self.begun.subscribe();
        begun.wait_for(is).await.unwrap().clone()
    }

    pub(crate) async fn until_begun(&self, count: usize) -> Vec<Value> {
        let what = format!("{count} messages are handled");
        self.until(&what, |begun| begun.len() >= count).await
    }

    pub(crate) async fn until_over(&self) {
        let over = soon("a handler ends", self.over.acquire()).await;
        over.unwrap().forget();
    }
}

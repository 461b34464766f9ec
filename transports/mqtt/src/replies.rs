//! What a client subscribes to for the replies to its requests. A subscription
//! stays once it is there: it is made and confirmed before the first request
//! that needs it, and not again for the next.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nestrs_core::TransportError;
use tokio::sync::OnceCell;

use crate::driver::Client;
use crate::message::MqttQos;

/// How many subscriptions that no request needs are kept, for the next that
/// does.
const KEPT: usize = 1_024;

/// The reply topics of one connection.
#[derive(Default)]
pub(crate) struct ReplyTopics(Mutex<HashMap<String, Arc<OnceCell<()>>>>);

/// A subscription that is needed while this is held.
pub(crate) struct Subscribed {
    _needed: Arc<OnceCell<()>>,
}

impl ReplyTopics {
    /// Subscribes to `topic`, unless that is done already.
    pub(crate) async fn subscribe(
        &self,
        client: &Client,
        topic: &str,
    ) -> Result<Subscribed, TransportError> {
        let place = self.place(client, topic);
        place
            .get_or_try_init(async || {
                let filter = [(topic.to_owned(), MqttQos::AtLeastOnce)];
                client.subscribe(&filter).await
            })
            .await?;
        Ok(Subscribed { _needed: place })
    }

    fn place(&self, client: &Client, topic: &str) -> Arc<OnceCell<()>> {
        let mut topics = self.lock();
        if let Some(place) = topics.get(topic) {
            return place.clone();
        }
        if topics.len() >= KEPT {
            let idle = |(_, place): &(&String, &Arc<OnceCell<()>>)| Arc::strong_count(place) == 1;
            let idle = topics.iter().find(idle).map(|(topic, _)| topic.clone());
            // In this order, and under the lock: who needs it next subscribes after it.
            if let Some(idle) = idle
                && client.forget(idle.clone())
            {
                topics.remove(&idle);
            }
        }
        topics.entry(topic.to_owned()).or_default().clone()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<()>>>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One pattern's topic, and how its records are handled.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::context::KafkaReceived;
use crate::handling::is_request;

/// In which order the events of one partition are handled. Requests are handled
/// side by side in any case: their callers wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KafkaOrder {
    /// One after the other, as they were sent.
    #[default]
    Partition,
    /// Those of one key one after the other, others meanwhile: 64 of a partition
    /// at a time. Those without a key are side by side.
    Key,
    /// Side by side.
    None,
}

pub(crate) struct Route {
    pub(crate) topic: Arc<str>,
    pub(crate) order: KafkaOrder,
    pub(crate) batch: Option<Batch>,
}

/// How many records a handler gets at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) size: usize,
    pub(crate) wait: Duration,
}

impl Route {
    /// Of a topic, with what its handlers' `extras` say.
    pub(crate) fn new(topic: &str, order: KafkaOrder, extras: &Value) -> Result<Self, String> {
        let invalid = |why: &str| {
            format!(
                "the handler of {topic:?}: `batch` in its `extras` {why}; write `\"batch\": 100`, \
                 or `\"batch\": {{ \"size\": 100, \"wait_ms\": 50 }}`"
            )
        };
        let batch = match &extras["batch"] {
            Value::Null => None,
            Value::Object(batch) => {
                let size = batch.get("size").and_then(Value::as_u64);
                let size = size.ok_or_else(|| invalid("has no `size`"))?;
                let wait = batch.get("wait_ms").unwrap_or(&Value::Null);
                let wait = match wait {
                    Value::Null => None,
                    wait => Some(
                        wait.as_u64()
                            .ok_or_else(|| invalid("has a wrong `wait_ms`"))?,
                    ),
                };
                Some(Batch::new(size, wait))
            }
            size => {
                let size = size.as_u64().ok_or_else(|| invalid("is no number"))?;
                Some(Batch::new(size, None))
            }
        };
        if batch.is_some_and(|batch| batch.size == 0) {
            return Err(invalid("is 0"));
        }
        Ok(Self {
            topic: topic.into(),
            order,
            batch,
        })
    }

    /// Whether what comes behind these waits for their end.
    pub(crate) fn waits_for(&self, records: &[KafkaReceived]) -> bool {
        let is_answered = self.batch.is_none() && records.iter().any(is_request);
        self.order != KafkaOrder::None && !is_answered
    }
}

impl Batch {
    const WAIT: Duration = Duration::from_millis(20);

    fn new(size: u64, wait_ms: Option<u64>) -> Self {
        Self {
            size: usize::try_from(size).unwrap_or(usize::MAX),
            wait: wait_ms.map_or(Self::WAIT, Duration::from_millis),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn batch(extras: Value) -> Result<Option<Batch>, String> {
        Route::new("orders", KafkaOrder::Partition, &extras).map(|route| route.batch)
    }

    #[test]
    fn extras_may_ask_for_batches() {
        let of = |size, wait| {
            let wait = Duration::from_millis(wait);
            Ok(Some(Batch { size, wait }))
        };
        assert_eq!(batch(Value::Null), Ok(None));
        assert_eq!(batch(json!({ "batch": 9 })), of(9, 20));
        let both = json!({ "batch": { "size": 9, "wait_ms": 5 } });
        assert_eq!(batch(both), of(9, 5));
    }

    #[test]
    fn nonsense_in_extras_is_named() {
        for (extras, says) in [
            (json!({ "batch": "many" }), "is no number"),
            (json!({ "batch": 0 }), "is 0"),
            (json!({ "batch": {} }), "has no `size`"),
            (
                json!({ "batch": { "size": 1, "wait_ms": "5" } }),
                "wrong `wait_ms`",
            ),
        ] {
            let error = batch(extras).unwrap_err();
            assert!(
                error.contains("\"orders\"") && error.contains(says),
                "{error}"
            );
        }
    }
}

//! How events from streams are taken.

use std::time::Duration;

/// How a server takes events from streams.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_redis::{RedisDurableOptions, RedisMicroserviceOptions};
///
/// let durable = RedisDurableOptions {
///     group: Some("billing".to_owned()),
///     max_attempts: 3,
///     ..RedisDurableOptions::default()
/// };
/// assert_eq!(durable.retry_after, Duration::from_secs(10));
/// let options = RedisMicroserviceOptions::default().durable_options(durable);
/// assert!(options.durable);
/// ```
#[derive(Debug, Clone)]
pub struct RedisDurableOptions {
    /// Who shares events: each is handled once in each group. The path of
    /// the application's root module unless told otherwise, so that its replicas
    /// share, and services do not.
    pub group: Option<String>,
    /// How long an event rests that failed, or whose server is gone, before it
    /// is handled again; 10 s unless told otherwise.
    pub retry_after: Duration,
    /// How often an event is handled before it goes to the stream of dead ones;
    /// 5 times unless told otherwise.
    pub max_attempts: usize,
}

impl Default for RedisDurableOptions {
    fn default() -> Self {
        Self {
            group: None,
            retry_after: Duration::from_secs(10),
            max_attempts: 5,
        }
    }
}

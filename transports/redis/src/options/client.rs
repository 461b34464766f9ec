//! What a client is told.

use std::fmt;
use std::time::Duration;

use super::{RedisAccess, shown};
use crate::DEFAULT_URL;

/// A Redis client's options.
///
/// ```
/// use std::time::Duration;
/// use nestrs_transport_redis::RedisTransportOptions;
///
/// assert_eq!(RedisTransportOptions::default().url, "redis://127.0.0.1:6379");
/// let options = RedisTransportOptions::new("redis.internal:6379")
///     .request_timeout(Duration::from_secs(2));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct RedisTransportOptions {
    /// Where Redis is, as for [`RedisMicroserviceOptions::url`](crate::RedisMicroserviceOptions::url).
    pub url: String,
    /// Who this is, and by way of whom.
    pub access: RedisAccess,
    /// Whether events go to streams, from which servers with the same option
    /// take them, and nobody else. See [`crate::durable`].
    pub durable: bool,
    /// How many events of one pattern a stream holds, about: older ones are
    /// gone, handled or not; 100,000 unless told otherwise.
    pub durable_length: usize,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is
    /// told: its handlers have it as their deadline.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for RedisTransportOptions {
    fn default() -> Self {
        Self::new(DEFAULT_URL)
    }
}

impl RedisTransportOptions {
    /// Options to call by way of the Redis at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            access: RedisAccess::default(),
            durable: false,
            durable_length: 100_000,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }

    /// The same options with this [`access`](Self::access).
    #[must_use]
    pub fn access(self, access: RedisAccess) -> Self {
        Self { access, ..self }
    }

    /// The same options, [`durable`](Self::durable) or not.
    #[must_use]
    pub fn durable(self, durable: bool) -> Self {
        Self { durable, ..self }
    }

    /// The same options with this [`request_timeout`](Self::request_timeout).
    #[must_use]
    pub fn request_timeout(self, request_timeout: Duration) -> Self {
        Self {
            request_timeout,
            ..self
        }
    }

    /// The same options with this [`connect_timeout`](Self::connect_timeout).
    #[must_use]
    pub fn connect_timeout(self, connect_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            ..self
        }
    }
}

impl fmt::Debug for RedisTransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTransportOptions")
            .field("url", &shown(&self.url))
            .field("access", &self.access)
            .field("durable", &self.durable)
            .field("durable_length", &self.durable_length)
            .field("request_timeout", &self.request_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

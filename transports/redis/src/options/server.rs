//! What a server is told.

use std::fmt;
use std::time::Duration;

use super::{RedisAccess, RedisDurableOptions, shown};
use crate::DEFAULT_URL;

/// A Redis server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_redis::RedisMicroserviceOptions;
///
/// assert_eq!(RedisMicroserviceOptions::default().url, "redis://127.0.0.1:6379");
/// let options = RedisMicroserviceOptions::new("redis://:secret@redis.internal:6379/2")
///     .wildcards(true)
///     .max_in_flight(100);
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct RedisMicroserviceOptions {
    /// Where Redis is: `redis://user:password@host:port/database`, `rediss://…`
    /// for TLS, `redis+unix:///path`, or `host:port`.
    pub url: String,
    /// Who this is, and by way of whom.
    pub access: RedisAccess,
    /// Whether handlers' patterns may have wildcards, as Redis has them: `*`,
    /// `?`, `[a-c]`. NestJS's option of that name.
    pub wildcards: bool,
    /// Whether events that clients with the same option send are taken from
    /// streams, and acknowledged once they are handled. See
    /// [`crate::durable`].
    pub durable: bool,
    /// How events from streams are shared, retried and given up.
    pub durable_options: RedisDurableOptions,
    /// How many messages may be in hand at a time; 4,096 unless told otherwise.
    /// While that many are, nothing more is read.
    pub max_in_flight: usize,
    /// How long a start waits for Redis to be there, which is tried for again
    /// and again meanwhile; 30 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for RedisMicroserviceOptions {
    fn default() -> Self {
        Self::new(DEFAULT_URL)
    }
}

impl RedisMicroserviceOptions {
    /// Options to serve by way of the Redis at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            access: RedisAccess::default(),
            wildcards: false,
            durable: false,
            durable_options: RedisDurableOptions::default(),
            max_in_flight: 4_096,
            connect_timeout: Duration::from_secs(30),
        }
    }

    /// The same options with this [`access`](Self::access).
    #[must_use]
    pub fn access(self, access: RedisAccess) -> Self {
        Self { access, ..self }
    }

    /// The same options with or without [`wildcards`](Self::wildcards).
    #[must_use]
    pub fn wildcards(self, wildcards: bool) -> Self {
        Self { wildcards, ..self }
    }

    /// The same options, [`durable`](Self::durable) or not.
    #[must_use]
    pub fn durable(self, durable: bool) -> Self {
        Self { durable, ..self }
    }

    /// The same options with these [`durable_options`](Self::durable_options),
    /// and durable.
    #[must_use]
    pub fn durable_options(self, durable_options: RedisDurableOptions) -> Self {
        Self {
            durable: true,
            durable_options,
            ..self
        }
    }

    /// The same options with this [`max_in_flight`](Self::max_in_flight).
    #[must_use]
    pub fn max_in_flight(self, max_in_flight: usize) -> Self {
        Self {
            max_in_flight,
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

impl fmt::Debug for RedisMicroserviceOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisMicroserviceOptions")
            .field("url", &shown(&self.url))
            .field("access", &self.access)
            .field("wildcards", &self.wildcards)
            .field("durable", &self.durable)
            .field("durable_options", &self.durable_options)
            .field("max_in_flight", &self.max_in_flight)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

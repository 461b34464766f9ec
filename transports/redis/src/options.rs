//! What a server and a client are told: where Redis is, who they are, and how
//! they behave.
//!
//! Back to the path of a message: `server.rs`.

use std::fmt;
use std::time::Duration;

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
    /// Where Redis is, as for [`RedisMicroserviceOptions::url`].
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

/// Who connects to Redis, and by way of whom. What is set here goes before what
/// the url says.
///
/// ```
/// use nestrs_transport_redis::RedisAccess;
///
/// let access = RedisAccess::user("orders", "secret").database(2);
/// assert!(!format!("{access:?}").contains("secret"));
/// ```
#[derive(Clone, Default)]
pub struct RedisAccess {
    /// The user, of those that Redis has in its access control list.
    pub username: Option<String>,
    /// The user's password, or that of the whole server.
    pub password: Option<String>,
    /// The number of the database, which streams are in; publishing and
    /// subscribing goes beyond databases.
    pub database: Option<i64>,
    /// Ask these which server is the master, instead of connecting to the url.
    pub sentinel: Option<RedisSentinel>,
    /// Connect through TLS; a url with `rediss://` does so too.
    #[cfg(feature = "tls")]
    pub tls: Option<nestrs_core::tls::TlsClientOptions>,
}

impl RedisAccess {
    /// As this user.
    pub fn user(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: Some(username.into()),
            ..Self::password(password)
        }
    }

    /// With the password of the whole server.
    pub fn password(password: impl Into<String>) -> Self {
        Self {
            password: Some(password.into()),
            ..Self::default()
        }
    }

    /// The same with that [`database`](Self::database).
    #[must_use]
    pub fn database(self, database: i64) -> Self {
        Self {
            database: Some(database),
            ..self
        }
    }

    /// The same by way of [`sentinel`](Self::sentinel).
    #[must_use]
    pub fn sentinel(self, sentinel: RedisSentinel) -> Self {
        Self {
            sentinel: Some(sentinel),
            ..self
        }
    }

    /// The same through [`tls`](Self::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(self, tls: nestrs_core::tls::TlsClientOptions) -> Self {
        Self {
            tls: Some(tls),
            ..self
        }
    }
}

/// The sentinels that know which server is the master.
///
/// ```
/// use nestrs_transport_redis::{RedisAccess, RedisSentinel, RedisTransportOptions};
///
/// let sentinel = RedisSentinel::new("orders", ["10.0.0.1:26379", "10.0.0.2:26379"]);
/// let access = RedisAccess::password("secret").sentinel(sentinel);
/// let options = RedisTransportOptions::default().access(access);
/// # let _ = options;
/// ```
#[derive(Clone, Default)]
pub struct RedisSentinel {
    /// What the sentinels call the master; NestJS's `name`.
    pub master: String,
    /// Their addresses, in any form of a url. They are asked in this order, each
    /// as the user of its own url.
    pub nodes: Vec<String>,
}

impl RedisSentinel {
    /// The master of that name, as these know it.
    pub fn new<N: Into<String>>(
        master: impl Into<String>,
        nodes: impl IntoIterator<Item = N>,
    ) -> Self {
        Self {
            master: master.into(),
            nodes: nodes.into_iter().map(Into::into).collect(),
        }
    }
}

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
    /// Who shares events: each is handled once in each group. The name of the
    /// program unless told otherwise, so that its replicas share, and services
    /// do not.
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

/// A url as it may be shown: whoever it is for, their name and password are
/// left out.
pub(crate) fn shown(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    match scheme {
        "" => rest.to_owned(),
        scheme => format!("{scheme}://{rest}"),
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

impl fmt::Debug for RedisAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisAccess")
            .field("username", &self.username)
            .field("password", &self.password.is_some())
            .field("database", &self.database)
            .field("sentinel", &self.sentinel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RedisSentinel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<_> = self.nodes.iter().map(|node| shown(node)).collect();
        f.debug_struct("RedisSentinel")
            .field("master", &self.master)
            .field("nodes", &nodes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shown_says_who_connects() {
        for (url, expected) in [
            ("redis://h:1/2", "redis://h:1/2"),
            ("redis://:se@cret@h:1", "redis://h:1"),
            ("user:secret@h:1", "h:1"),
            ("h:1", "h:1"),
            (
                "redis+unix:///run/r.sock?pass=secret",
                "redis+unix:///run/r.sock",
            ),
        ] {
            assert_eq!(shown(url), expected);
        }
        let options = RedisTransportOptions::new("redis://user:secret@h");
        let sentinel = RedisSentinel::new("m", ["redis://user:secret@s"]);
        let options = options.access(RedisAccess::user("user", "secret").sentinel(sentinel));
        assert!(!format!("{options:?}").contains("secret"), "{options:?}");
    }
}

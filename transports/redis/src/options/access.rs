//! Who connects, and by way of whom; none of it is shown.

use std::fmt;

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
    use crate::RedisTransportOptions;

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

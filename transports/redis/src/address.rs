//! From a url to where Redis is and who connects to it.

use std::fmt;
use std::path::PathBuf;

use nestrs_core::StartError;
use redis::{ConnectionAddr, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

use crate::options::{RedisAccess, shown};

/// Where a server is, and who connects to it. Displayed without the latter.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) endpoint: Endpoint,
    pub(crate) tls: bool,
    pub(crate) login: RedisConnectionInfo,
}

#[derive(Clone)]
pub(crate) enum Endpoint {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

impl Address {
    /// The address in a url of any of its forms.
    pub(crate) fn parse(url: &str) -> Result<Self, StartError> {
        let invalid = |why: String| StartError::Options {
            message: format!(
                "{:?} is no address of a Redis server ({why}): write `redis://host:port`, \
                 `rediss://host:port` for TLS, `redis+unix:///path` or `host:port`",
                shown(url)
            ),
        };
        // Whether there is TLS is our affair: the driver gets what is inside.
        let (tls, plain) = match url.split_once("://") {
            Some(("rediss" | "valkeys", rest)) => (true, format!("redis://{rest}")),
            Some(_) => (false, url.to_owned()),
            None => (false, format!("redis://{url}")),
        };
        let info = plain
            .into_connection_info()
            .map_err(|error| invalid(error.category().to_owned()))?;
        let endpoint = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Endpoint::Tcp {
                host: host.clone(),
                port: *port,
            },
            ConnectionAddr::Unix(path) => Endpoint::Unix(path.clone()),
            other => return Err(invalid(format!("{other} is not supported"))),
        };
        // What is not asked for in the newer protocol works with every server.
        let login = info
            .redis_settings()
            .clone()
            .set_protocol(ProtocolVersion::RESP2);
        Ok(Self {
            endpoint,
            tls,
            login,
        })
    }

    /// The same address for who `access` says.
    pub(crate) fn with(mut self, access: &RedisAccess) -> Self {
        if let Some(username) = &access.username {
            self.login = self.login.set_username(username);
        }
        if let Some(password) = &access.password {
            self.login = self.login.set_password(password);
        }
        if let Some(database) = access.database {
            self.login = self.login.set_db(database);
        }
        self
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        match &self.endpoint {
            Endpoint::Tcp { host, port } if host.contains(':') => {
                write!(f, "{scheme}://[{host}]:{port}")?;
            }
            Endpoint::Tcp { host, port } => write!(f, "{scheme}://{host}:{port}")?,
            Endpoint::Unix(path) => write!(f, "redis+unix://{}", path.display())?,
        }
        match self.login.db() {
            0 => Ok(()),
            database => write!(f, "/{database}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(url).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn every_form_of_a_url_is_understood_and_shown_without_credentials() {
        for (url, address) in [
            ("redis://localhost", "redis://localhost:6379"),
            ("localhost", "redis://localhost:6379"),
            ("10.0.0.1:7000", "redis://10.0.0.1:7000"),
            ("redis://user:p%40ss@h:1/3", "redis://h:1/3"),
            ("rediss://:pw@h:1", "rediss://h:1"),
            ("valkey://h:1", "redis://h:1"),
            ("redis://[::1]:1", "redis://[::1]:1"),
            (
                "redis+unix:///run/redis.sock",
                "redis+unix:///run/redis.sock",
            ),
        ] {
            assert_eq!(parse(url).to_string(), address, "{url}");
        }
        let login = parse("redis://user:p%40ss@h:1/3").login;
        assert_eq!(login.username(), Some("user"));
        assert_eq!(login.password(), Some("p@ss"));
        assert_eq!(login.db(), 3);
    }

    #[test]
    fn what_access_says_goes_before_the_url() {
        let access = RedisAccess::user("b", "c").database(2);
        let login = parse("redis://a:a@h/1").with(&access).login;
        assert_eq!(login.username(), Some("b"));
        assert_eq!(login.password(), Some("c"));
        assert_eq!(login.db(), 2);
        assert_eq!(
            parse("redis://a:a@h/1")
                .with(&RedisAccess::default())
                .login
                .db(),
            1
        );
    }

    #[test]
    fn nonsense_is_named_with_what_to_write_and_without_credentials() {
        for url in [
            "",
            "redis://",
            "http://user:secret@h",
            "redis://user:secret@h:x",
            "redis://user:secret@h/x",
        ] {
            let error = Address::parse(url).err().unwrap_or_else(|| panic!("{url}"));
            let error = error.to_string();
            assert!(error.contains("write `redis://host:port`"), "{error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }
}

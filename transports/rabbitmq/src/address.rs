//! Where a broker is: what users write, and what may be shown of it.

use std::fmt;

use lapin::uri::{AMQPScheme, AMQPUri, AMQPUserInfo};

/// A broker's address. It is shown without user and password.
#[derive(Clone)]
pub(crate) struct Address(pub(crate) AMQPUri);

impl Address {
    /// Reads `amqp://user:password@host:port/vhost`, with `amqps` for TLS, or
    /// `host:port` or `host` alone.
    pub(crate) fn parse(url: &str, is_tls: bool) -> Result<Self, String> {
        if url.trim().is_empty() {
            return Err("an address is empty".to_owned());
        }
        let whole = match (url.contains("://"), is_tls) {
            (true, _) => url.to_owned(),
            (false, true) => format!("amqps://{url}"),
            (false, false) => format!("amqp://{url}"),
        };
        // What does not parse may have a password in it as well.
        let mut uri: AMQPUri = whole
            .parse()
            .map_err(|why| format!("{:?} is no address of a broker ({why})", without_user(url)))?;
        // `amqp://host/` names the virtual host "", which nobody means.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        let address = Self(uri);
        match (address.is_tls(), is_tls) {
            (false, true) => Err(format!(
                "`tls` is set, but {address} is not encrypted: write `amqps://`"
            )),
            (true, _) if cfg!(not(feature = "tls")) => {
                Err(format!("{address} needs the feature `tls`"))
            }
            _ => Ok(address),
        }
    }

    pub(crate) fn log_in_as(&mut self, (user, password): &(String, String)) {
        self.0.authority.userinfo = AMQPUserInfo {
            username: user.clone(),
            password: password.clone(),
        };
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.0.scheme == AMQPScheme::AMQPS
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AMQPUri {
            scheme,
            authority,
            vhost,
            ..
        } = &self.0;
        write!(f, "{scheme}://{}:{}", authority.host, authority.port)?;
        match vhost.as_str() {
            "/" => Ok(()),
            vhost => write!(f, "/{vhost}"),
        }
    }
}

/// A url without what stands before its `@`.
pub(crate) fn without_user(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}{}", &url[..scheme + 3], &url[at + 1..])
        }
        (None, Some(at)) => url[at + 1..].to_owned(),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str) -> String {
        Address::parse(url, false).unwrap().to_string()
    }

    #[test]
    fn urls_and_plain_addresses_are_read_and_shown_without_credentials() {
        for (url, address) in [
            ("localhost", "amqp://localhost:5672"),
            ("127.0.0.1:5673", "amqp://127.0.0.1:5673"),
            ("amqp://broker", "amqp://broker:5672"),
            ("amqp://", "amqp://localhost:5672"),
            ("amqp://broker/", "amqp://broker:5672"),
            ("amqp://broker/%2f", "amqp://broker:5672"),
            (
                "amqp://ada:s3cret@broker:1/shop?heartbeat=5",
                "amqp://broker:1/shop",
            ),
            ("ada:s3cret@broker", "amqp://broker:5672"),
        ] {
            assert_eq!(shown(url), address, "{url}");
        }
    }

    #[test]
    fn nonsense_is_named_without_credentials() {
        for (url, says) in [
            (
                "http://ada:s3cret@broker",
                "\"http://broker\" is no address",
            ),
            (
                "amqp://ada:s3cret@broker:port",
                "\"amqp://broker:port\" is no address",
            ),
            ("", "is empty"),
        ] {
            let error = Address::parse(url, false).err().unwrap();
            assert!(error.contains(says), "{url}: {error}");
            assert!(!error.contains("s3cret"), "{url}: {error}");
        }
        let error = Address::parse("amqp://broker", true).err().unwrap();
        assert!(error.contains("write `amqps://`"), "{error}");
    }
}

//! Where a client connects: `host:port`, or a URL.

use http::Uri;
use http::uri::{Authority, Scheme};

/// A server's address, taken apart.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    /// `host:port`.
    pub(crate) authority: Authority,
}

impl Address {
    /// Reads `host:port`, `http://host:port` and `https://host:port`.
    pub(crate) fn parse(addr: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            format!("{why}: write `host:port`, `http://host:port` or `https://host:port`")
        };
        let uri: Uri = addr.parse().map_err(|_| wrong("`addr` is no address"))?;
        let scheme = match uri.scheme_str() {
            None | Some("http") => Scheme::HTTP,
            Some("https") => Scheme::HTTPS,
            Some(other) => return Err(wrong(&format!("`addr` has the scheme {other:?}"))),
        };
        let authority = uri.authority().cloned();
        let authority = authority.ok_or_else(|| wrong("`addr` has no host"))?;
        if authority.port_u16().is_none() {
            return Err(wrong("`addr` has no port"));
        }
        if authority.as_str().contains('@') {
            return Err(wrong("`addr` has a user, which gRPC has no place for"));
        }
        Ok(Self { scheme, authority })
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_host_and_a_port() {
        for (addr, authority, is_tls) in [
            ("localhost:5000", "localhost:5000", false),
            ("127.0.0.1:5000", "127.0.0.1:5000", false),
            ("[::1]:5000", "[::1]:5000", false),
            ("http://orders:80", "orders:80", false),
            ("http://orders:80/", "orders:80", false),
            ("https://orders:443", "orders:443", true),
        ] {
            let address = Address::parse(addr).unwrap();
            assert_eq!(address.authority, authority);
            assert_eq!(address.is_tls(), is_tls);
        }
    }

    #[test]
    fn what_is_no_address_says_what_to_write() {
        for addr in [
            "",
            "localhost",
            "http://localhost",
            "nats://h:1",
            "/x",
            "a b:1",
            "http://u:p@h:1",
            "::1:5000",
        ] {
            let error = Address::parse(addr).unwrap_err();
            assert!(
                error.contains("`addr`") && error.contains("`host:port`"),
                "{error}"
            );
            assert!(!error.contains("u:p"));
        }
    }
}

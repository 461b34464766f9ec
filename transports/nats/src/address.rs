//! Addresses of servers, in the forms NestJS takes, and what may be shown of
//! them.

use std::fmt;

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

use crate::NatsAuth;

/// A server's address without credentials, and those. The driver would neither
/// use them nor keep them out of its logs.
pub(crate) fn address(text: &str) -> Result<(ServerAddr, NatsAuth), String> {
    let invalid = |why: &dyn fmt::Display| {
        let text = without_credentials(text);
        format!(
            "{text:?} is no address of a NATS server: {why}; write `nats://host:port` or `tls://host:port`"
        )
    };
    let server: ServerAddr = text.trim().parse().map_err(|error| invalid(&error))?;
    if server.is_websocket() {
        return Err(invalid(&"websockets are not spoken here"));
    }
    if server.host().is_empty() {
        return Err(invalid(&"it has no host"));
    }
    let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
    let auth = match (server.username(), server.password()) {
        (None, _) => NatsAuth::FromAddress,
        (Some(token), None) => NatsAuth::Token(decoded(token)),
        (Some(name), Some(password)) => NatsAuth::User {
            name: decoded(name),
            password: decoded(password),
        },
    };
    let mut url = server.into_inner();
    // These fail on addresses without a host, which this is not.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let server = ServerAddr::from_url(url).map_err(|error| invalid(&error))?;
    Ok((server, auth))
}

/// What can be shown of an address that makes no sense.
pub(crate) fn without_credentials(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => {
            format!("{}{}", &text[..scheme + 3], &text[at + 1..])
        }
        (None, Some(at)) => text[at + 1..].to_owned(),
        _ => text.to_owned(),
    }
}

/// An address as it is shown.
pub(crate) fn shown(server: &ServerAddr) -> String {
    let (scheme, host, port) = (server.scheme(), server.host(), server.port());
    match host.contains(':') {
        true => format!("{scheme}://[{host}]:{port}"),
        false => format!("{scheme}://{host}:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_nestjs_takes() {
        let user = |name: &str, password: &str| NatsAuth::User {
            name: name.to_owned(),
            password: password.to_owned(),
        };
        for (text, is, auth) in [
            (
                "nats://localhost:4222",
                "nats://localhost:4222",
                NatsAuth::FromAddress,
            ),
            ("localhost", "nats://localhost:4222", NatsAuth::FromAddress),
            (
                "10.0.0.1:5222",
                "nats://10.0.0.1:5222",
                NatsAuth::FromAddress,
            ),
            (
                "tls://[::1]:4333/",
                "tls://[::1]:4333",
                NatsAuth::FromAddress,
            ),
            (
                "nats://ann:p%40ss@host",
                "nats://host:4222",
                user("ann", "p@ss"),
            ),
            ("ann:pass@host:1", "nats://host:1", user("ann", "pass")),
            (
                "nats://s3cr3t@host",
                "nats://host:4222",
                NatsAuth::Token("s3cr3t".to_owned()),
            ),
        ] {
            let (server, said) = address(text).unwrap();
            assert_eq!((shown(&server).as_str(), said), (is, auth), "{text}");
            assert!(!server.as_url_str().contains('@'), "{text}");
        }
    }
}

//! [`MqttBroker`]: where the broker is and how to be let in; the same for
//! clients and servers.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::message::MqttQos;

const DEFAULT_URL: &str = "mqtt://127.0.0.1:1883";
/// The largest packet in either direction, unless told otherwise.
const DEFAULT_MAX_PACKET_SIZE: usize = 16 * 1024 * 1024;

/// Which MQTT is spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum MqttProtocol {
    /// MQTT 3.1.1, which NestJS speaks unless told otherwise. Headers, deadlines
    /// and the like travel in the packet.
    #[default]
    V3,
    /// MQTT 5. Headers travel as user properties as well, and peers of nestrs
    /// reply to a topic of the client's own. Peers that speak MQTT 3.1.1 to the
    /// same broker are reached all the same.
    V5,
}

/// A message that the broker publishes when a connection ends without a
/// good-bye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MqttLastWill {
    /// Where to.
    pub topic: String,
    /// What; for a NestJS peer the JSON of an event.
    pub payload: Bytes,
    /// How surely.
    pub qos: MqttQos,
    /// Whether the broker keeps it for who subscribes later.
    pub retain: bool,
}

/// Where the broker is and how to be let in.
///
/// ```
/// use nestrs_transport_mqtt::{MqttBroker, MqttProtocol};
///
/// let broker = MqttBroker {
///     username: Some("orders".to_owned()),
///     password: Some("secret".to_owned()),
///     protocol: MqttProtocol::V5,
///     ..MqttBroker::new("mqtt://broker.internal:1883")
/// };
/// assert!(!format!("{broker:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct MqttBroker {
    /// `mqtt://host:port`, `mqtts://host:port` (with the feature `tls`) or
    /// `host:port`; a user and a password may stand before the host.
    pub url: String,
    /// What the broker knows this connection by. Two with one name throw each
    /// other out. One drawn by chance unless told otherwise.
    pub client_id: Option<String>,
    /// Whom to log in as, instead of what the url says.
    pub username: Option<String>,
    /// With what, instead of what the url says.
    pub password: Option<String>,
    /// Which MQTT to speak.
    pub protocol: MqttProtocol,
    /// How often a silent connection is looked after; 60 s unless told
    /// otherwise, in whole seconds.
    pub keep_alive: Duration,
    /// The largest packet that is sent or taken in, in bytes; 16 MiB unless told
    /// otherwise. A larger one that arrives ends the connection. A broker that
    /// takes less says so with MQTT 5; with 3.1.1 it ends the connection.
    pub max_packet_size: usize,
    /// Have the broker keep subscriptions, and messages of quality 1 and 2, while
    /// the connection is away, also while a server is stopped. Needs a
    /// [`client_id`](Self::client_id).
    pub persistent_session: bool,
    /// What the broker publishes when the connection ends without a good-bye.
    pub last_will: Option<MqttLastWill>,
    /// Whom to trust, and what to show; for an `mqtts://` url.
    #[cfg(feature = "tls")]
    pub tls: Option<nestrs_core::tls::TlsClientOptions>,
}

impl Default for MqttBroker {
    fn default() -> Self {
        Self::new(DEFAULT_URL)
    }
}

impl MqttBroker {
    /// The broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_id: None,
            username: None,
            password: None,
            protocol: MqttProtocol::default(),
            keep_alive: Duration::from_secs(60),
            max_packet_size: DEFAULT_MAX_PACKET_SIZE,
            persistent_session: false,
            last_will: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// What the driver needs to know, or which option cannot work.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, String> {
        let text = match self.url.contains("://") {
            true => self.url.clone(),
            false => format!("mqtt://{}", self.url),
        };
        let wrong = |why: &str| format!("`url` of the MQTT broker {why}: write `mqtt://host:port`");
        let url = Url::parse(&text).map_err(|error| wrong(&format!("makes no sense ({error})")))?;
        let is_encrypted = match url.scheme() {
            "mqtt" | "tcp" => false,
            "mqtts" | "ssl" | "tls" => true,
            other => return Err(wrong(&format!("starts with `{other}://`"))),
        };
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("has no host"))?;
        if self.persistent_session && self.client_id.is_none() {
            return Err(
                "`persistent_session` needs a `client_id` that is the same each time".into(),
            );
        }
        if self.keep_alive < Duration::from_secs(1) {
            return Err("`keep_alive` has to be a second or more".into());
        }
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let in_url = Some(url.username()).filter(|user| !user.is_empty());
        let user = self.username.clone().or(in_url.map(decoded));
        let password = self.password.clone().or(url.password().map(decoded));
        Ok(Endpoint {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(if is_encrypted { 8883 } else { 1883 }),
            address: format!(
                "{}://{host}:{}",
                if is_encrypted { "mqtts" } else { "mqtt" },
                url.port().unwrap_or(if is_encrypted { 8883 } else { 1883 })
            ),
            client_id: self.client_id.clone().unwrap_or_else(drawn_by_chance),
            credentials: user.map(|user| (user, password.unwrap_or_default())),
            protocol: self.protocol,
            keep_alive: u16::try_from(self.keep_alive.as_secs()).unwrap_or(u16::MAX),
            max_packet_size: self.max_packet_size,
            persistent: self.persistent_session,
            last_will: self.last_will.clone(),
            #[cfg(feature = "tls")]
            tls: self.rustls(is_encrypted)?,
        })
        .and_then(
            |endpoint| match cfg!(not(feature = "tls")) && is_encrypted {
                true => Err("an `mqtts://` url needs the feature `tls`".to_owned()),
                false => Ok(endpoint),
            },
        )
    }

    #[cfg(feature = "tls")]
    fn rustls(
        &self,
        is_encrypted: bool,
    ) -> Result<Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>, String> {
        if !is_encrypted {
            return match self.tls {
                Some(_) => Err("`tls` is for an `mqtts://` url, and this one is not".to_owned()),
                None => Ok(None),
            };
        }
        let options = self.tls.clone().unwrap_or_default();
        if options.server_name.is_some() {
            return Err("`tls.server_name` is not for MQTT: the certificate must have the host of the `url`".to_owned());
        }
        let config = options.config().map_err(|error| error.to_string())?;
        Ok(Some(std::sync::Arc::new(config)))
    }
}

impl fmt::Debug for MqttBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.endpoint().map(|endpoint| endpoint.address);
        f.debug_struct("MqttBroker")
            .field("address", &address)
            .field("client_id", &self.client_id)
            .field("username", &self.username)
            .field("has_password", &self.password.is_some())
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

/// A broker's options, checked.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For people: without credentials.
    pub(crate) address: String,
    pub(crate) client_id: String,
    pub(crate) credentials: Option<(String, String)>,
    pub(crate) protocol: MqttProtocol,
    pub(crate) keep_alive: u16,
    pub(crate) max_packet_size: usize,
    pub(crate) persistent: bool,
    pub(crate) last_will: Option<MqttLastWill>,
    #[cfg(feature = "tls")]
    pub(crate) tls: Option<std::sync::Arc<tokio_rustls::rustls::ClientConfig>>,
}

/// At most 23 letters and digits, which every broker takes.
fn drawn_by_chance() -> String {
    nestrs_core::request_id::RequestIds::new().id(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, String> {
        MqttBroker::new(url).endpoint()
    }

    #[test]
    fn urls_and_addresses_are_taken() {
        for (url, host, port) in [
            ("mqtt://localhost:1884", "localhost", 1884),
            ("tcp://localhost", "localhost", 1883),
            ("broker.internal:1999", "broker.internal", 1999),
            ("127.0.0.1", "127.0.0.1", 1883),
            ("mqtt://[::1]:1883", "::1", 1883),
        ] {
            let endpoint = endpoint(url).unwrap();
            assert_eq!(
                (endpoint.host.as_str(), endpoint.port),
                (host, port),
                "{url}"
            );
        }
        let endpoint = endpoint("mqtt://us%40er:p%3Aw@h").unwrap();
        assert_eq!(endpoint.credentials, Some(("us@er".into(), "p:w".into())));
        assert_eq!(endpoint.address, "mqtt://h:1883");
    }

    #[test]
    fn nonsense_is_named() {
        for (url, says) in [
            ("", "no host"),
            ("http://x", "`http://`"),
            ("mqtt://x:99999", "invalid port"),
            ("mqtt://", "host"),
        ] {
            let error = endpoint(url).err().unwrap();
            assert!(
                error.contains(says) && error.contains("mqtt://host:port"),
                "{url}: {error}"
            );
        }
        let broker = MqttBroker {
            persistent_session: true,
            ..MqttBroker::default()
        };
        assert!(broker.endpoint().err().unwrap().contains("client_id"));
    }

    #[test]
    fn credentials_are_never_shown() {
        let broker = MqttBroker::new("mqtt://me:hush@h");
        assert!(!format!("{broker:?}").contains("hush"));
    }
}

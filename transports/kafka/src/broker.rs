//! [`KafkaConnection`]: which brokers there are, and how they are reached. The
//! same on both sides.
//!
//! The next file is `link.rs`.

use std::collections::BTreeMap;
use std::fmt;

#[cfg(feature = "tls")]
use nestrs_core::tls::TlsClientOptions;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// What transports here promise rests on these: nobody else sets them.
const OURS: [&str; 6] = [
    "auto.commit.interval.ms",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "group.id",
    "enable.idempotence",
];

/// Which brokers there are, and how they are reached.
///
/// ```
/// use nestrs_transport_kafka::{KafkaConnection, KafkaSasl};
///
/// let one = KafkaConnection::new("localhost:9092");
/// let cluster = KafkaConnection::of(["kafka-1:9092", "kafka-2:9092"])
///     .sasl(KafkaSasl::plain("orders", "s3cret"))
///     .property("broker.address.family", "v4");
/// assert!(!format!("{cluster:?}").contains("s3cret"));
/// # let _ = one;
/// ```
#[derive(Clone)]
pub struct KafkaConnection {
    /// Some of the cluster's brokers, `host:port`; they name the others.
    /// `localhost:9092` unless told otherwise.
    pub brokers: Vec<String>,
    /// What the brokers' logs and quotas know us by: `-server` or `-client` is
    /// put behind it, as by NestJS. `nestrs` unless told otherwise.
    pub client_id: String,
    /// Who we are, where brokers ask.
    pub sasl: Option<KafkaSasl>,
    /// Whom to trust and what to show, where brokers want TLS. Without a `ca_pem`
    /// these are the authorities that this machine trusts. `server_name` cannot be
    /// had: brokers name each other.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsClientOptions>,
    /// Any properties of librdkafka, over what is set here otherwise.
    pub properties: BTreeMap<String, String>,
}

/// Who we are, and how brokers are told.
#[derive(Clone)]
pub struct KafkaSasl {
    /// How it is said.
    pub mechanism: KafkaSaslMechanism,
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: String,
}

/// How brokers are told who we are. Others can be had by
/// [`KafkaConnection::properties`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KafkaSaslMechanism {
    /// The password as it is.
    Plain,
    /// A proof of the password. Needs the feature `tls`, with or without TLS.
    ScramSha256,
    /// A longer one. Needs the feature `tls`, with or without TLS.
    ScramSha512,
}

impl KafkaSasl {
    /// A user and a password, told as they are.
    pub fn plain(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            mechanism: KafkaSaslMechanism::Plain,
            username: username.into(),
            password: password.into(),
        }
    }

    /// The same, told by another mechanism.
    #[must_use]
    pub fn by(mut self, mechanism: KafkaSaslMechanism) -> Self {
        self.mechanism = mechanism;
        self
    }
}

impl fmt::Debug for KafkaSasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSasl")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

impl Default for KafkaConnection {
    fn default() -> Self {
        Self::new("localhost:9092")
    }
}

impl KafkaConnection {
    /// The cluster of one broker, or of several with commas between them.
    pub fn new(broker: impl Into<String>) -> Self {
        Self::of([broker])
    }

    /// The cluster of these brokers.
    pub fn of<B: Into<String>>(brokers: impl IntoIterator<Item = B>) -> Self {
        Self {
            brokers: brokers.into_iter().map(Into::into).collect(),
            client_id: "nestrs".to_owned(),
            sasl: None,
            #[cfg(feature = "tls")]
            tls: None,
            properties: BTreeMap::new(),
        }
    }

    /// The same, known to brokers by another name.
    #[must_use]
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_id = client_id.into();
        self
    }

    /// The same as a user.
    #[must_use]
    pub fn sasl(mut self, sasl: KafkaSasl) -> Self {
        self.sasl = Some(sasl);
        self
    }

    /// The same through TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsClientOptions) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The same with a property of librdkafka.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }

    /// The brokers as logs and errors have them.
    pub(crate) fn address(&self) -> String {
        self.brokers.join(",")
    }

    /// What every client of ours is made with; `ours` under the user's properties.
    pub(crate) fn config(
        &self,
        postfix: &str,
        ours: &[(&str, String)],
    ) -> Result<ClientConfig, String> {
        let mut config = ClientConfig::new();
        config
            // It says why connections end there, whatever of it is wanted in the log.
            .set_log_level(RDKafkaLogLevel::Info)
            .set("bootstrap.servers", self.checked()?)
            .set("client.id", format!("{}-{postfix}", self.client_id))
            // A lost connection is to be back within two seconds. While none is there,
            // the driver tries for one twice in the first of these.
            .set("reconnect.backoff.ms", "500")
            .set("reconnect.backoff.max.ms", "1000")
            .set("retry.backoff.max.ms", "500");
        self.set_security(&mut config)?;
        for (name, value) in ours {
            config.set(*name, value);
        }
        for (name, value) in &self.properties {
            if OURS.contains(&name.as_str()) {
                return Err(format!(
                    "`properties` of `KafkaConnection`: {name:?} is not for users to set; \
                     see the options for what it decides"
                ));
            }
            config.set(name, value);
        }
        Ok(config)
    }

    fn checked(&self) -> Result<String, String> {
        let addresses = self.brokers.iter().flat_map(|some| some.split(','));
        let addresses: Vec<_> = addresses.map(str::trim).collect();
        for address in &addresses {
            let (host, port) = address.rsplit_once(':').unwrap_or((address, "9092"));
            let is_nonsense =
                host.is_empty() || host.contains(['/', '@', ' ']) || port.parse::<u16>().is_err();
            if is_nonsense {
                // What stands before an `@` may be a password.
                let shown = address.rsplit('@').next().unwrap_or(address);
                return Err(format!(
                    "`brokers` of `KafkaConnection`: {shown:?} is no address; write `host:port`"
                ));
            }
        }
        if addresses.is_empty() {
            return Err("`brokers` of `KafkaConnection` is empty: name a broker".to_owned());
        }
        Ok(addresses.join(","))
    }

    fn set_security(&self, config: &mut ClientConfig) -> Result<(), String> {
        #[cfg(feature = "tls")]
        let is_tls = match &self.tls {
            Some(tls) => {
                crate::tls::set(config, tls)?;
                true
            }
            None => false,
        };
        #[cfg(not(feature = "tls"))]
        let is_tls = false;
        let protocol = match (&self.sasl, is_tls) {
            (None, false) => return Ok(()),
            (None, true) => "ssl",
            (Some(_), false) => "sasl_plaintext",
            (Some(_), true) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", sasl.mechanism.name()?)
                .set("sasl.username", &sasl.username)
                .set("sasl.password", &sasl.password);
        }
        Ok(())
    }
}

impl KafkaSaslMechanism {
    fn name(self) -> Result<&'static str, String> {
        match self {
            Self::Plain => Ok("PLAIN"),
            _ if cfg!(not(feature = "tls")) => Err(format!(
                "`sasl` of `KafkaConnection`: {self:?} needs the feature `tls`"
            )),
            Self::ScramSha256 => Ok("SCRAM-SHA-256"),
            Self::ScramSha512 => Ok("SCRAM-SHA-512"),
        }
    }
}

impl From<&str> for KafkaConnection {
    fn from(broker: &str) -> Self {
        Self::new(broker)
    }
}

impl From<String> for KafkaConnection {
    fn from(broker: String) -> Self {
        Self::new(broker)
    }
}

impl<B: Into<String>, const N: usize> From<[B; N]> for KafkaConnection {
    fn from(brokers: [B; N]) -> Self {
        Self::of(brokers)
    }
}

impl<B: Into<String>> From<Vec<B>> for KafkaConnection {
    fn from(brokers: Vec<B>) -> Self {
        Self::of(brokers)
    }
}

impl fmt::Debug for KafkaConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: Vec<_> = self.properties.keys().collect();
        f.debug_struct("KafkaConnection")
            .field("brokers", &self.brokers)
            .field("client_id", &self.client_id)
            .field("sasl", &self.sasl)
            .field("properties", &properties)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_read_with_and_without_ports() {
        for (brokers, servers) in [
            (KafkaConnection::default(), "localhost:9092"),
            (KafkaConnection::new("kafka"), "kafka"),
            (KafkaConnection::of(["a:1", "b:2, c"]), "a:1,b:2,c"),
        ] {
            assert_eq!(brokers.checked().unwrap(), servers);
        }
    }

    #[test]
    fn nonsense_is_named_without_credentials() {
        for (address, says) in [
            ("kafka://ada:s3cret@broker:1", "\"broker:1\" is no address"),
            ("broker:port", "\"broker:port\" is no address"),
            ("", "\"\" is no address"),
        ] {
            let error = KafkaConnection::new(address).config("server", &[]);
            let error = error.unwrap_err();
            assert!(error.contains(says), "{address}: {error}");
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn what_promises_rest_on_is_not_for_users_to_set() {
        let connection = KafkaConnection::default().property("enable.auto.commit", "true");
        let error = connection.config("server", &[]).unwrap_err();
        assert!(error.contains("enable.auto.commit"), "{error}");
    }
}

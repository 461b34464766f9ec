//! [`NatsBroker`]: where the broker is, and how to get in.

use std::fmt;
use std::time::Duration;

use async_nats::{ConnectOptions, ServerAddr};
use nestrs_core::StartError;

use crate::NatsAuth;
use crate::address::{address, shown, without_credentials};

/// Where a broker is looked for unless options say otherwise.
pub const DEFAULT_SERVER: &str = "nats://127.0.0.1:4222";

/// Where the broker is, and how to get in: the same for servers and clients,
/// which take one or just an address.
///
/// ```
/// use nestrs_transport_nats::{NatsBroker, NatsMicroserviceOptions, NatsTransportOptions};
///
/// let broker = NatsBroker::new("nats://a.internal:4222")
///     .server("nats://b.internal:4222")
///     .credentials_file("orders.creds");
/// let server = NatsMicroserviceOptions::new(broker.clone());
/// let client = NatsTransportOptions::new(broker);
/// # let _ = (server, client);
/// ```
#[derive(Clone)]
pub struct NatsBroker {
    /// The servers of the broker, `nats://host:port`, `tls://host:port` or
    /// `host:port`, as NestJS's `servers`; the port is 4222 if there is none.
    /// Which of them is connected to is left to chance, and those they tell
    /// about count too. `nats://127.0.0.1:4222` unless told otherwise.
    pub servers: Vec<String>,
    /// Who we are to it.
    pub auth: NatsAuth,
    /// What the broker calls this connection in its own lists; a server's is
    /// that of its service unless told otherwise.
    pub name: Option<String>,
    /// What the subjects that replies come by start with; `_INBOX` unless told
    /// otherwise. Whoever limits what may be subscribed to has to allow
    /// `<inbox_prefix>.>`, for servers too.
    pub inbox_prefix: String,
    /// How often the broker is asked whether it is still there while it says
    /// nothing; 10 s unless told otherwise. One that does not answer twice in a
    /// row is left.
    pub ping_interval: Duration,
    /// Speak TLS, and refuse to speak without. A broker that asks for TLS gets
    /// it in any case.
    #[cfg(feature = "tls")]
    pub tls: Option<NatsTls>,
}

/// TLS towards a broker.
///
/// ```
/// use nestrs_transport_nats::{NatsBroker, NatsTls, TlsClientOptions};
///
/// # fn example(ca_pem: Vec<u8>) -> NatsBroker {
/// let options = TlsClientOptions { ca_pem: Some(ca_pem), ..TlsClientOptions::default() };
/// NatsBroker::new("tls://nats.internal").tls(options)
/// # }
/// ```
#[cfg(feature = "tls")]
#[derive(Debug, Clone, Default)]
pub struct NatsTls {
    /// Whom we trust, and what we show. The broker's certificate has to name
    /// the host of its address: `server_name` cannot be another.
    pub options: nestrs_core::tls::TlsClientOptions,
    /// Shake hands before the broker says who it is, as brokers with
    /// `handshake_first` want it.
    pub handshake_first: bool,
}

#[cfg(feature = "tls")]
impl From<nestrs_core::tls::TlsClientOptions> for NatsTls {
    fn from(options: nestrs_core::tls::TlsClientOptions) -> Self {
        Self {
            options,
            handshake_first: false,
        }
    }
}

impl Default for NatsBroker {
    fn default() -> Self {
        Self::new(DEFAULT_SERVER)
    }
}

impl From<&str> for NatsBroker {
    fn from(server: &str) -> Self {
        Self::new(server)
    }
}

impl From<String> for NatsBroker {
    fn from(server: String) -> Self {
        Self::new(server)
    }
}

impl NatsBroker {
    /// The broker one of whose servers is at that address.
    pub fn new(server: impl Into<String>) -> Self {
        Self {
            servers: vec![server.into()],
            auth: NatsAuth::default(),
            name: None,
            inbox_prefix: "_INBOX".to_owned(),
            ping_interval: Duration::from_secs(10),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Another server of the same broker.
    #[must_use]
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.servers.push(server.into());
        self
    }

    /// Who we are to it.
    #[must_use]
    pub fn auth(self, auth: NatsAuth) -> Self {
        Self { auth, ..self }
    }

    /// A user with a password.
    #[must_use]
    pub fn user(self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.auth(NatsAuth::User {
            name: name.into(),
            password: password.into(),
        })
    }

    /// A token.
    #[must_use]
    pub fn token(self, token: impl Into<String>) -> Self {
        self.auth(NatsAuth::Token(token.into()))
    }

    /// The seed of an NKey.
    #[must_use]
    pub fn nkey(self, seed: impl Into<String>) -> Self {
        self.auth(NatsAuth::NKey(seed.into()))
    }

    /// A user's JWT and the seed of its NKey.
    #[must_use]
    pub fn jwt(self, jwt: impl Into<String>, seed: impl Into<String>) -> Self {
        self.auth(NatsAuth::Jwt {
            jwt: jwt.into(),
            seed: seed.into(),
        })
    }

    /// Where a credentials file is.
    #[must_use]
    pub fn credentials_file(self, path: impl Into<std::path::PathBuf>) -> Self {
        self.auth(NatsAuth::CredentialsFile(path.into()))
    }

    /// What the broker calls this connection.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What the subjects that replies come by start with.
    #[must_use]
    pub fn inbox_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.inbox_prefix = prefix.into();
        self
    }

    /// TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: impl Into<NatsTls>) -> Self {
        self.tls = Some(tls.into());
        self
    }

    /// These as the driver wants them.
    pub(crate) async fn resolve(&self) -> Result<Resolved, StartError> {
        let invalid = |message| StartError::Options { message };
        let mut servers = Vec::new();
        let mut auth = self.auth.clone();
        for text in &self.servers {
            let (server, said) = address(text).map_err(invalid)?;
            servers.push(server);
            if auth == NatsAuth::FromAddress {
                auth = said;
            }
        }
        if servers.is_empty() {
            let message =
                format!("the NATS broker has no `servers`: name one, as {DEFAULT_SERVER:?}");
            return Err(StartError::Options { message });
        }
        if async_nats::Subject::validated(&self.inbox_prefix).is_err() {
            let prefix = &self.inbox_prefix;
            let message = format!(
                "the `inbox_prefix` {prefix:?} is no subject: write words with dots between them, as \"_INBOX.orders\""
            );
            return Err(StartError::Options { message });
        }
        let options = ConnectOptions::new()
            .ping_interval(self.ping_interval)
            .custom_inbox_prefix(&self.inbox_prefix);
        let options = auth.apply(options).await.map_err(invalid)?;
        let options = match &self.name {
            Some(name) => options.name(name),
            None => options,
        };
        Ok(Resolved {
            options: self.with_tls(options)?,
            servers,
        })
    }

    /// Its servers without credentials, for logs and errors.
    pub(crate) fn address(&self) -> String {
        let shown = |text: &String| match address(text) {
            Ok((server, _)) => shown(&server),
            Err(_) => without_credentials(text),
        };
        self.servers.iter().map(shown).collect::<Vec<_>>().join(",")
    }

    /// The driver would look for a provider of cryptography in the whole
    /// process, and panic if it found two; a configuration of ours has one.
    fn with_tls(&self, options: ConnectOptions) -> Result<ConnectOptions, StartError> {
        #[cfg(feature = "tls")]
        {
            let tls = self.tls.clone().unwrap_or_default();
            if tls.options.server_name.is_some() {
                let message = "NATS knows no `tls.server_name`: connect to the name that the broker's certificate has";
                return Err(StartError::Options {
                    message: message.to_owned(),
                });
            }
            let options = options
                .tls_client_config(tls.options.config()?)
                .require_tls(self.tls.is_some());
            Ok(match tls.handshake_first {
                true => options.tls_first(),
                false => options,
            })
        }
        #[cfg(not(feature = "tls"))]
        {
            use async_nats::rustls::{ClientConfig, RootCertStore, crypto::ring};

            let provider = std::sync::Arc::new(ring::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(|error| StartError::Options {
                    message: error.to_string(),
                })?;
            // Trusts nobody: whoever needs TLS turns the feature on.
            let config = config.with_root_certificates(RootCertStore::empty());
            Ok(options.tls_client_config(config.with_no_client_auth()))
        }
    }
}

/// A broker's options, understood.
pub(crate) struct Resolved {
    pub(crate) options: ConnectOptions,
    pub(crate) servers: Vec<ServerAddr>,
}

impl fmt::Debug for NatsBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<_> = self
            .servers
            .iter()
            .map(|text| without_credentials(text))
            .collect();
        let mut shown = f.debug_struct("NatsBroker");
        shown
            .field("servers", &servers)
            .field("auth", &self.auth)
            .field("name", &self.name)
            .field("inbox_prefix", &self.inbox_prefix)
            .field("ping_interval", &self.ping_interval);
        #[cfg(feature = "tls")]
        shown.field("tls", &self.tls);
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_work_is_named_without_its_secrets() {
        for (text, named) in [
            ("redis://localhost", "invalid scheme"),
            ("nats://ann:s3cr3t@host:port", "invalid port"),
            ("wss://ann:s3cr3t@host", "websockets"),
            ("", "no address"),
        ] {
            let broker = NatsBroker::new(text);
            let error = broker.resolve().await.err().unwrap().to_string();
            assert!(error.contains(named), "{text}: {error}");
            assert!(!error.contains("s3cr3t"), "{error}");
            assert!(!format!("{broker:?}").contains("s3cr3t"), "{broker:?}");
        }
        let none = NatsBroker {
            servers: Vec::new(),
            ..NatsBroker::default()
        };
        let error = none.resolve().await.err().unwrap().to_string();
        assert!(error.contains("`servers`"), "{error}");
        let spaced = NatsBroker::default().inbox_prefix("my inbox");
        let error = spaced.resolve().await.err().unwrap().to_string();
        assert!(error.contains("`inbox_prefix`"), "{error}");
        for broker in [
            NatsBroker::default().credentials_file("/no/such/file"),
            NatsBroker::default().jwt("ey", "no seed"),
        ] {
            let error = broker.resolve().await.err().unwrap().to_string();
            assert!(error.contains("`auth`"), "{error}");
        }
    }
}

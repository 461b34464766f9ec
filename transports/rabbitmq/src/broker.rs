//! [`RabbitMqConnection`]: which brokers there are, and how one of them is
//! reached. The same on both sides.
//!
//! The next file is `link.rs`.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "tls")]
use nestrs_core::tls::TlsClientOptions;

use crate::address::without_user;

/// Which brokers there are, and how to connect to one of them.
///
/// ```
/// use nestrs_transport_rabbitmq::RabbitMqConnection;
///
/// let one = RabbitMqConnection::new("amqp://localhost");
/// let first_that_answers = RabbitMqConnection::of(["rabbit-1:5672", "rabbit-2:5672"])
///     .credentials("orders", "s3cret");
/// assert!(!format!("{first_that_answers:?}").contains("s3cret"));
/// # let _ = one;
/// ```
#[derive(Clone)]
pub struct RabbitMqConnection {
    /// Brokers, tried in this order each time a connection is made:
    /// `amqp://user:password@host:port/vhost`, with `amqps` for TLS, or
    /// `host:port`. Unless told otherwise it is `amqp://localhost`.
    pub urls: Vec<String>,
    /// User and password, instead of those in the urls; a url without any
    /// stands for `guest` and `guest`.
    pub credentials: Option<(String, String)>,
    /// What the broker's tools call the connection; nothing unless told
    /// otherwise.
    pub name: Option<String>,
    /// How often each side says that it is there, 10 s unless told otherwise,
    /// in whole seconds; [`Duration::ZERO`] leaves it to the broker. After
    /// twice that without a sign the connection counts as lost.
    pub heartbeat: Duration,
    /// Whom to trust and what to show where a url is `amqps://`; the public
    /// authorities and nothing unless told otherwise. If it is set, `host:port`
    /// stands for `amqps://host:port`.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsClientOptions>,
}

impl Default for RabbitMqConnection {
    fn default() -> Self {
        Self::new("amqp://localhost")
    }
}

impl RabbitMqConnection {
    /// A connection to one broker.
    pub fn new(url: impl Into<String>) -> Self {
        Self::of([url])
    }

    /// A connection to the first of these that answers.
    pub fn of<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Self {
        Self {
            urls: urls.into_iter().map(Into::into).collect(),
            credentials: None,
            name: None,
            heartbeat: Duration::from_secs(10),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// The same with a user and a password.
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.credentials = Some((user.into(), password.into()));
        self
    }

    /// The same under a name in the broker's tools.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same through TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, tls: TlsClientOptions) -> Self {
        self.tls = Some(tls);
        self
    }
}

impl From<&str> for RabbitMqConnection {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<String> for RabbitMqConnection {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

impl<U: Into<String>, const N: usize> From<[U; N]> for RabbitMqConnection {
    fn from(urls: [U; N]) -> Self {
        Self::of(urls)
    }
}

impl<U: Into<String>> From<Vec<U>> for RabbitMqConnection {
    fn from(urls: Vec<U>) -> Self {
        Self::of(urls)
    }
}

impl fmt::Debug for RabbitMqConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let urls: Vec<_> = self.urls.iter().map(|url| without_user(url)).collect();
        f.debug_struct("RabbitMqConnection")
            .field("urls", &urls)
            .field("name", &self.name)
            .field("heartbeat", &self.heartbeat)
            .finish_non_exhaustive()
    }
}

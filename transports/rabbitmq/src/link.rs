//! A connection to one of several brokers, and how its end is heard of.
//!
//! The driver's own recovery is off: what is made anew is made anew as a whole,
//! so that nothing of a lost connection can be taken for something of the next.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties, ErrorKind, Event};

use crate::address::Address;
use crate::broker::RabbitMqConnection;

/// How long one broker may take to be connected to.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How long a broker may take to see us off.
const CLOSING: Duration = Duration::from_secs(1);
/// What brokers say of those they do not let in: no access, no such virtual
/// host.
const TURNED_AWAY: [u16; 2] = [403, 530];
/// What they say of a queue or an exchange that is there, but not like that.
const PRECONDITION_FAILED: u16 = 406;

/// The brokers of a [`RabbitMqConnection`], once it is known to make sense.
pub(crate) struct Brokers {
    addresses: Vec<Address>,
    properties: ConnectionProperties,
    #[cfg(feature = "tls")]
    tls: crate::tls::Tls,
}

/// Why no broker let us in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The next attempt may do better.
    Passing(String),
    /// No attempt will: the credentials are wrong, there is no such virtual host.
    Lasting(String),
}

impl Brokers {
    pub(crate) fn new(options: &RabbitMqConnection) -> Result<Self, String> {
        #[cfg(feature = "tls")]
        let is_tls = options.tls.is_some();
        #[cfg(not(feature = "tls"))]
        let is_tls = false;
        let addresses = options.urls.iter().map(|url| {
            let mut address = Address::parse(url, is_tls)?;
            if let Some(credentials) = &options.credentials {
                address.log_in_as(credentials);
            }
            let heartbeat = options.heartbeat.as_secs().min(u16::MAX.into());
            let heartbeat = u16::try_from(heartbeat).ok().filter(|seconds| *seconds > 0);
            address.0.query.heartbeat = address.0.query.heartbeat.or(heartbeat);
            Ok(address)
        });
        let addresses = addresses
            .collect::<Result<Vec<_>, String>>()
            .map_err(|why| {
                format!("`urls` of `RabbitMqConnection`: {why}; write `amqp://host:port`")
            })?;
        if addresses.is_empty() {
            return Err("`urls` of `RabbitMqConnection` is empty: name a broker".to_owned());
        }
        let mut properties = ConnectionProperties::default();
        if let Some(name) = &options.name {
            properties = properties.with_connection_name(name.as_str().into());
        }
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: crate::tls::Tls::new(&addresses, options.tls.as_ref())?,
            addresses,
            properties,
        })
    }

    /// Connects to the first broker that answers.
    pub(crate) async fn connect(&self) -> Result<Link, Refusal> {
        let mut refusals = Vec::new();
        let mut is_lasting = true;
        for address in &self.addresses {
            let why = match tokio::time::timeout(ATTEMPT, self.open(address.0.clone())).await {
                Ok(Ok(connection)) => return Ok(Link::new(connection, address.clone())),
                Ok(Err(error)) => {
                    is_lasting &= will_stay(&error);
                    error.to_string()
                }
                Err(_) => {
                    is_lasting = false;
                    format!("no answer within {ATTEMPT:?}")
                }
            };
            refusals.push(format!("{address}: {why}"));
        }
        let why = refusals.join("; ");
        Err(match is_lasting {
            true => Refusal::Lasting(why),
            false => Refusal::Passing(why),
        })
    }

    async fn open(&self, uri: AMQPUri) -> lapin::Result<Connection> {
        let properties = self.properties.clone();
        #[cfg(feature = "tls")]
        if uri.scheme == lapin::uri::AMQPScheme::AMQPS {
            return self.tls.open(uri, properties).await;
        }
        Connection::connect_uri(uri, properties).await
    }
}

/// All of them, without credentials.
impl fmt::Display for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, address) in self.addresses.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{address}")?;
        }
        Ok(())
    }
}

impl Refusal {
    pub(crate) fn why(&self) -> &str {
        match self {
            Self::Passing(why) | Self::Lasting(why) => why,
        }
    }
}

/// What the broker says to what is declared at it.
pub(crate) fn refused(address: &Address, error: &lapin::Error) -> Refusal {
    let declared_otherwise = match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_id() == PRECONDITION_FAILED,
        _ => false,
    };
    match declared_otherwise {
        true => Refusal::Lasting(format!(
            "{address}: {error} (it is there with other options: say the same as whoever \
             declared it, or delete it)"
        )),
        false if will_stay(error) => Refusal::Lasting(format!("{address}: {error}")),
        false => Refusal::Passing(format!("{address}: {error}")),
    }
}

/// Whether the next attempt will fail of the same.
fn will_stay(error: &lapin::Error) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(error) => TURNED_AWAY.contains(&error.get_id()),
        ErrorKind::IOError(error) => is_tls_error(error),
        _ => false,
    }
}

/// A certificate that is not trusted now will not be trusted later.
fn is_tls_error(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput};
    matches!(error.kind(), InvalidData | InvalidInput)
}

/// A connection to a broker.
pub(crate) struct Link {
    pub(crate) connection: Arc<Connection>,
    pub(crate) address: Address,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

impl Link {
    fn new(connection: Connection, address: Address) -> Self {
        let events = Box::pin(connection.events_listener());
        let connection = Arc::new(connection);
        Self {
            connection,
            address,
            events,
        }
    }

    /// Waits until it is of no use any more, or one of its channels is.
    pub(crate) async fn lost(&mut self) -> String {
        loop {
            if !self.connection.status().connected() {
                return "it was closed".to_owned();
            }
            let address = &self.address;
            match self.events.next().await {
                Some(Event::Error(error)) => return error.to_string(),
                Some(Event::ConnectionBlocked(why)) => {
                    tracing::warn!(%address, why, "the broker takes no messages for now");
                }
                Some(Event::ConnectionUnblocked) => {
                    tracing::info!(%address, "the broker takes messages again");
                }
                Some(_) => {}
                None => return "it was closed".to_owned(),
            }
        }
    }

    /// See [`close`].
    pub(crate) async fn close(self) {
        close(&self.connection).await;
    }
}

/// Ends a connection in good order, which a broker that does not answer does
/// not hold up for long.
pub(crate) async fn close(connection: &Connection) {
    let closing = connection.close(200, "OK".into());
    // It is of no use any more either way.
    let _ = tokio::time::timeout(CLOSING, closing).await;
}

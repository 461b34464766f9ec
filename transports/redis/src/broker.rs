//! Redis, as the options say where it is and who we are: opens connections to
//! it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use nestrs_core::StartError;
use nestrs_core::dispatch::BoxFuture;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Value};

use crate::address::{Address, Endpoint};
use crate::failure::Failure;
use crate::options::RedisAccess;
use crate::read_ahead::ReadAhead;
use crate::{sentinel, socket};

/// How long one attempt may take: what does not answer at all is tried again.
const ATTEMPT: Duration = Duration::from_secs(5);
/// How many commands may be on their way to the driver's task.
const QUEUE: usize = 1_024;

/// Displayed without who connects.
#[derive(Clone)]
pub(crate) struct Broker {
    address: Address,
    access: RedisAccess,
    sentinels: Vec<Address>,
}

impl Broker {
    pub(crate) fn new(url: &str, access: &RedisAccess) -> Result<Self, StartError> {
        let invalid = |message: &str| StartError::Options {
            message: message.to_owned(),
        };
        let nodes = access.sentinel.iter().flat_map(|sentinel| &sentinel.nodes);
        let sentinels: Vec<_> = nodes
            .map(|node| Address::parse(node))
            .collect::<Result<_, _>>()?;
        if let Some(sentinel) = &access.sentinel {
            if sentinel.master.is_empty() {
                return Err(invalid(
                    "`sentinel.master` is empty: name the master as the sentinels do, such as `mymaster`",
                ));
            }
            if sentinels.is_empty() {
                return Err(invalid(
                    "`sentinel.nodes` is empty: give the address of one sentinel at least, such as `10.0.0.1:26379`",
                ));
            }
        }
        #[cfg(feature = "tls")]
        if let Some(tls) = &access.tls {
            tls.config()?;
        }
        #[allow(unused_mut, reason = "without TLS nothing is changed")]
        let mut address = Address::parse(url)?.with(access);
        #[cfg(feature = "tls")]
        {
            address.tls |= access.tls.is_some();
        }
        #[cfg(not(feature = "tls"))]
        if address.tls {
            return Err(invalid("`rediss://` needs the feature `tls`: turn it on"));
        }
        Ok(Self {
            address,
            access: access.clone(),
            sentinels,
        })
    }

    /// Where the server is now that is to be connected to.
    pub(crate) async fn locate(&self) -> Result<Address, Failure> {
        let Some(sentinel) = &self.access.sentinel else {
            return Ok(self.address.clone());
        };
        let (host, port) = sentinel::master(self, &self.sentinels, &sentinel.master).await?;
        Ok(Address {
            endpoint: Endpoint::Tcp { host, port },
            ..self.address.clone()
        })
    }

    /// A connection for commands. It ends when `driver` does.
    pub(crate) async fn commands(
        &self,
        address: &Address,
    ) -> Result<(MultiplexedConnection, BoxFuture<'static, ()>), Failure> {
        within(async {
            let socket = socket::connect(address, &self.access).await?;
            // Whether Redis still answers is watched for a connection as a whole.
            let config = AsyncConnectionConfig::new()
                .set_response_timeout(None)
                .set_pipeline_buffer_size(QUEUE);
            let login = &address.login;
            let opened = MultiplexedConnection::new_with_config(login, socket, config).await;
            let (commands, driver) = opened?;
            Ok((commands, Box::pin(driver) as BoxFuture<'static, ()>))
        })
        .await
    }

    /// A connection for subscriptions.
    pub(crate) async fn subscriptions(
        &self,
        address: &Address,
        ahead: &ReadAhead,
    ) -> Result<PubSub, Failure> {
        within(async {
            let socket = socket::connect(address, &self.access).await?;
            Ok(PubSub::new(&address.login, ahead.limit(socket)).await?)
        })
        .await
    }

    /// Whether the server takes commands from us, and is the one to write to if
    /// a sentinel said so: it may not know yet itself.
    pub(crate) async fn check(&self, commands: &mut MultiplexedConnection) -> Result<(), Failure> {
        // Who gave no password is told so only now.
        let answer: Result<Value, _> = redis::cmd("PING").query_async(commands).await;
        match answer {
            Err(error) if error.code() != Some("NOPERM") => return Err(error.into()),
            _ => {}
        }
        if self.access.sentinel.is_none() {
            return Ok(());
        }
        let role: Value = redis::cmd("ROLE").query_async(commands).await?;
        match role {
            Value::Array(parts) if parts.first() == Some(&Value::BulkString(b"master".into())) => {
                Ok(())
            }
            _ => Err(Failure::passing("the server is no master yet")),
        }
    }
}

/// One step of an attempt.
pub(crate) async fn within<T>(
    attempt: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::time::timeout(ATTEMPT, attempt)
        .await
        .unwrap_or_else(|_| Err(Failure::passing(format!("no answer within {ATTEMPT:?}"))))
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.access.sentinel {
            None => self.address.fmt(f),
            Some(sentinel) => {
                let nodes: Vec<_> = self.sentinels.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "{:?} of the sentinels {}",
                    sentinel.master,
                    nodes.join(", ")
                )
            }
        }
    }
}

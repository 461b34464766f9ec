//! The calling side: one session with Redis for all calls, made by the first
//! and made again whenever it is lost.
//!
//! The next file on a call's path is `link.rs`.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::request_id::RequestIds;
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, ErrorKind, Outgoing, Replies, StatusStream, Transport, TransportError,
};
use serde_json::Value;

use crate::broker::Broker;
use crate::calling::Calling;
use crate::link::{Link, State};
use crate::options::{RedisTransportOptions, shown};

/// A Redis client. Clones share its connections, which are closed with the last.
///
/// Its [`driver`](Transport::driver) is a
/// [`redis::aio::MultiplexedConnection`], while it is connected.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_redis::{RedisTransport, RedisTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = RedisTransport::new(RedisTransportOptions::new("redis://127.0.0.1:6379"));
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RedisTransport {
    client: Arc<Client>,
}

impl RedisTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: RedisTransportOptions) -> Self {
        Self {
            client: Arc::new(Client {
                link: Mutex::default(),
                shared: Arc::new(Shared {
                    shown: shown(&options.url),
                    options,
                    ids: RequestIds::new(),
                    status: StatusSource::default(),
                }),
            }),
        }
    }
}

#[async_trait]
impl Transport for RedisTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let call = async { self.client.calling().await?.send(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let call = async { self.client.calling().await?.emit(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let call = async { self.client.calling().await?.send_stream(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.client.calling().await.map(drop)
    }

    async fn close(&self) {
        self.client.close();
    }

    fn status(&self) -> StatusStream {
        self.client.shared.status.watch()
    }

    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let calling = self.client.current()?;
        Some(Arc::new(calling.session.commands.clone()))
    }
}

/// What the clones of a client share.
struct Client {
    /// What keeps it connected, once it was used.
    link: Mutex<Option<Arc<Link>>>,
    shared: Arc<Shared>,
}

/// What the link shares, too.
pub(crate) struct Shared {
    pub(crate) options: RedisTransportOptions,
    /// The url, as people may see it.
    shown: String,
    pub(crate) ids: RequestIds,
    pub(crate) status: StatusSource,
}

impl Client {
    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        let Shared { options, shown, .. } = &*self.shared;
        in_time(message, options.request_timeout, shown, call).await
    }

    fn current(&self) -> Option<Arc<Calling>> {
        self.lock().as_ref()?.current()
    }

    /// The session there is, or the next one.
    async fn calling(&self) -> Result<Arc<Calling>, TransportError> {
        let link = self.link()?;
        if let Some(calling) = link.current() {
            return Ok(calling);
        }
        let limit = self.shared.options.connect_timeout;
        let mut states = link.states();
        let settled = states.wait_for(|state| !matches!(state, State::Connecting(_)));
        let settled = tokio::time::timeout(limit, settled).await;
        // In a statement of its own: it holds a lock.
        let settled = settled.map(|state| state.map(|state| state.clone()));
        match settled {
            Ok(Ok(State::Connected(calling))) => Ok(calling),
            Ok(Ok(State::TurnedAway(failure))) => Err(failure.to_error(&link.broker)),
            Ok(_) => Err(TransportError::connection_closed()),
            Err(_) => {
                let state = link.states().borrow().clone();
                let why = match state {
                    State::Connecting(Some(failure)) => failure.why,
                    _ => "no answer".to_owned(),
                };
                let message = format!("cannot connect to {} within {limit:?}: {why}", link.broker);
                Err(TransportError::of_kind(ErrorKind::Connect, message))
            }
        }
    }

    /// What keeps the client connected, started if it is not running.
    fn link(&self) -> Result<Arc<Link>, TransportError> {
        let mut link = self.lock();
        if let Some(link) = &*link
            && !link.is_over()
        {
            return Ok(link.clone());
        }
        let options = &self.shared.options;
        let broker = Broker::new(&options.url, &options.access)
            .map_err(|error| TransportError::of_kind(ErrorKind::Connect, error.to_string()))?;
        let started = Link::start(broker, self.shared.clone());
        *link = Some(started.clone());
        Ok(started)
    }

    fn close(&self) {
        let link = self.lock().take();
        if let Some(link) = link {
            link.end();
            self.shared.status.set(ClientStatus::Disconnected);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Link>>> {
        // No code that can panic runs under the lock.
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.shared.options)
            .field("connected", &self.current().is_some())
            .finish_non_exhaustive()
    }
}

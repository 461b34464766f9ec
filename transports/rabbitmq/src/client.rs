//! The calling side: one connection for all calls, made by the first and made
//! again whenever it is lost.
//!
//! The next file on a call's path is `keeper.rs`.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, in_time, send_json_as_bytes};
use nestrs_core::status::StatusSource;
use nestrs_core::{
    ClientStatus, ErrorKind, Outgoing, Replies, StatusStream, Transport, TransportError,
};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::MAX_MESSAGE_SIZE;
use crate::broker::RabbitMqConnection;
use crate::keeper::{Keeper, State};
use crate::link::{Brokers, close};
use crate::queue::RabbitMqQueueOptions;
use crate::routing::RabbitMqRouting;
use crate::sending::Sending;
use crate::session::Session;
use crate::table::short;
use crate::topology::Target;

/// A RabbitMQ client's options.
///
/// ```
/// use nestrs_transport_rabbitmq::{RabbitMqRouting, RabbitMqTransportOptions};
///
/// // Any server of nestrs that has the pattern.
/// let options = RabbitMqTransportOptions::new("amqp://localhost");
/// // A NestJS server of the queue `orders`.
/// let options = options.routing(RabbitMqRouting::queue("orders"));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct RabbitMqTransportOptions {
    /// Where the broker is.
    pub connection: RabbitMqConnection,
    /// How messages find their server: as the server has it.
    pub routing: RabbitMqRouting,
    /// What else the broker is to know of the exchange, if there is one, as
    /// `alternate-exchange`: NestJS's `exchangeArguments`. Everybody who declares
    /// it has to say the same.
    pub exchange_arguments: Map<String, Value>,
    /// What the server's queue is like, where messages go straight to one.
    pub queue: RabbitMqQueueOptions,
    /// Whether events are written to disk, true unless told otherwise: one that
    /// was sent then outlives the broker, in queues that are `durable`.
    /// Requests are not written, for their callers do not outlive it.
    pub persistent: bool,
    /// The queue that replies come to, instead of the broker's direct way back:
    /// NestJS's `replyQueue`. It has to be there, and no other client may read it.
    /// Servers are not told of calls that are given up, then.
    pub reply_queue: Option<String>,
    /// The largest message that is sent, in bytes; 16 MiB unless told otherwise,
    /// which is what brokers take.
    pub max_message_size: usize,
    /// How long a call waits for its reply, connecting included; 10 s unless
    /// told otherwise. [`Duration::MAX`] waits for ever. A nestrs server is told,
    /// and so is the broker, which keeps a request no longer.
    pub request_timeout: Duration,
    /// How long a call waits for a connection, which is tried for again and
    /// again meanwhile; 3 s unless told otherwise.
    pub connect_timeout: Duration,
}

impl Default for RabbitMqTransportOptions {
    fn default() -> Self {
        Self::new(RabbitMqConnection::default())
    }
}

impl RabbitMqTransportOptions {
    /// Options to send through one broker (`"amqp://localhost"`,
    /// `"host:5672"`), or through the first of several that answers.
    pub fn new(connection: impl Into<RabbitMqConnection>) -> Self {
        Self {
            connection: connection.into(),
            routing: RabbitMqRouting::default(),
            exchange_arguments: Map::new(),
            queue: RabbitMqQueueOptions::default(),
            persistent: true,
            reply_queue: None,
            max_message_size: MAX_MESSAGE_SIZE,
            request_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
        }
    }

    /// The same, with messages that go another way.
    #[must_use]
    pub fn routing(mut self, routing: RabbitMqRouting) -> Self {
        self.routing = routing;
        self
    }

    fn target(&self) -> Result<Target, String> {
        Target::new(&self.routing, &self.exchange_arguments, &self.queue)
    }

    /// The same, for another kind of queue.
    #[must_use]
    pub fn queue(mut self, queue: RabbitMqQueueOptions) -> Self {
        self.queue = queue;
        self
    }
}

/// A RabbitMQ client. Clones share its connection, which is closed with the
/// last.
///
/// ```no_run
/// use nestrs_core::Transport;
/// use nestrs_transport_rabbitmq::{RabbitMqTransport, RabbitMqTransportOptions};
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs_core::TransportError> {
/// let client = RabbitMqTransport::new(RabbitMqTransportOptions::new("amqp://localhost"));
/// let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RabbitMqTransport {
    client: Arc<Client>,
}

impl RabbitMqTransport {
    /// A client that connects when it is first used. Needs no runtime yet.
    pub fn new(options: RabbitMqTransportOptions) -> Self {
        Self {
            client: Arc::new(Client {
                options,
                running: Mutex::default(),
                status: Arc::default(),
            }),
        }
    }
}

#[async_trait]
impl Transport for RabbitMqTransport {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }

    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }

    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        let call = async { self.client.session().await?.send(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let call = async { self.client.session().await?.emit(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        let call = async { self.client.session().await?.send_stream(&message).await };
        self.client.in_time(&message, call).await
    }

    async fn connect(&self) -> Result<(), TransportError> {
        self.client.session().await.map(drop)
    }

    async fn close(&self) {
        let running = lock(&self.client.running).take();
        let Some(running) = running else { return };
        running.task.abort();
        let session = running.state.borrow().session();
        if let Some(session) = session {
            session.end();
            close(&session.connection).await;
        }
        self.client.status.set(ClientStatus::Disconnected);
    }

    fn status(&self) -> StatusStream {
        self.client.status.watch()
    }

    /// The [`lapin::Connection`] there is.
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let session = lock(&self.client.running)
            .as_ref()?
            .state
            .borrow()
            .session()?;
        Some(session.connection.clone())
    }
}

/// What the clones of a client share.
struct Client {
    options: RabbitMqTransportOptions,
    running: Mutex<Option<Running>>,
    status: Arc<StatusSource>,
}

/// The task that keeps a client connected.
struct Running {
    task: JoinHandle<()>,
    state: watch::Receiver<State>,
}

impl Client {
    async fn in_time<T>(
        &self,
        message: &Outgoing<'_>,
        call: impl Future<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        in_time(message, self.options.request_timeout, "RabbitMQ", call).await
    }

    /// The connection there is, or the next.
    async fn session(&self) -> Result<Arc<Session>, TransportError> {
        let mut state = self.state()?;
        let limit = self.options.connect_timeout;
        let settled = state.wait_for(|state| !matches!(state, State::Connecting(_)));
        match tokio::time::timeout(limit, settled).await {
            Ok(Ok(state)) => match &*state {
                State::Connected(session) => return Ok(session.clone()),
                State::Refused(error) => return Err(error.clone()),
                State::Connecting(_) => {}
            },
            // It was closed meanwhile.
            Ok(Err(_)) => {
                return Err(TransportError::connection_closed());
            }
            Err(_) => {}
        }
        let why = match &*state.borrow() {
            State::Connecting(Some(why)) => why.clone(),
            _ => "no answer".to_owned(),
        };
        let message = format!("cannot connect to RabbitMQ within {limit:?}: {why}");
        Err(TransportError::of_kind(ErrorKind::Connect, message))
    }

    /// What the task that connects says, which is started if none runs.
    fn state(&self) -> Result<watch::Receiver<State>, TransportError> {
        let mut running = lock(&self.running);
        if let Some(running) = &*running
            && !running.task.is_finished()
        {
            return Ok(running.state.clone());
        }
        let invalid = |why| TransportError::of_kind(ErrorKind::Connect, why);
        let options = &self.options;
        let keeper = Keeper {
            brokers: Brokers::new(&options.connection).map_err(invalid)?,
            sending: Arc::new(Sending {
                target: options.target().map_err(invalid)?,
                reply_queue: options
                    .reply_queue
                    .clone()
                    .map(short)
                    .transpose()
                    .map_err(invalid)?,
                persistent: options.persistent,
                max_message_size: options.max_message_size,
                request_timeout: options.request_timeout,
            }),
            status: self.status.clone(),
        };
        let (sender, state) = watch::channel(State::Connecting(None));
        let task = tokio::spawn(keeper.run(sender));
        *running = Some(Running {
            task,
            state: state.clone(),
        });
        Ok(state)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(running) = lock(&self.running).take() {
            running.task.abort();
        }
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

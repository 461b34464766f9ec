//! Commands on their way to Redis: whoever has one queues it here, and one task
//! sends all that are there together, without waiting for the answers to those
//! before. Awaiting each `PUBLISH` would cost a round trip a message.

use std::io::Write;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use nestrs_core::in_flight::InFlight;
use nestrs_core::pace::Pace;
use nestrs_core::packet::ReplyPacket;
use nestrs_core::{ErrorKind, TransportError};
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, RedisWrite, ToRedisArgs, Value};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::failure::of_command;

/// How many commands may wait to be sent before those who have more wait too.
const QUEUE: usize = 4_096;
/// How many are sent together at most.
const BATCH: usize = 128;
/// How many batches may be unanswered.
const UNANSWERED: usize = 256;

/// A message in parts, to be published to `channel`.
pub(crate) fn publish(channel: &str, parts: &[&[u8]]) -> Cmd {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut command = Cmd::with_capacity(3, "PUBLISH".len() + channel.len() + length);
    command.arg("PUBLISH").arg(channel).arg(Parts(parts));
    command
}

/// One argument, put together where it is sent from.
pub(crate) struct Parts<'a>(pub(crate) &'a [&'a [u8]]);

impl ToRedisArgs for Parts<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut argument = out.writer_for_next_arg();
        for part in self.0 {
            // Writing to memory cannot fail.
            let _ = argument.write_all(part);
        }
    }
}

/// What becomes of a command's answer.
pub(crate) enum Receipt {
    /// It is nobody's concern.
    Ignored,
    /// A failure is logged: of a reply that was published there.
    Logged(Arc<str>),
    /// Nobody receives the request, or it could not be sent: it has failed.
    Request(Request),
    /// It is waited for.
    Awaited(oneshot::Sender<Result<Value, TransportError>>),
}

/// A request whose reply is waited for.
pub(crate) struct Request {
    pub(crate) number: u64,
    pub(crate) in_flight: InFlight,
    pub(crate) route: Arc<str>,
    /// Whether the number of receivers that Redis tells is that of all.
    pub(crate) counts: bool,
}

/// Clones queue for the same connection.
#[derive(Clone)]
pub(crate) struct Pipe {
    queue: mpsc::Sender<(Cmd, Receipt)>,
}

impl Pipe {
    /// A pipe, and the task that sends what is queued. It ends when the pipe is
    /// dropped and everything is answered.
    pub(crate) fn new(commands: MultiplexedConnection) -> (Self, impl Future<Output = ()>) {
        let (queue, queued) = mpsc::channel(QUEUE);
        (Self { queue }, send_all(queued, commands))
    }

    /// Whether it is the same connection's.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.queue.same_channel(&other.queue)
    }

    /// Queues a command, once there is room; what comes back was not sent.
    ///
    /// # Cancel safety
    ///
    /// A dropped call has queued nothing.
    pub(crate) async fn push(&self, command: Cmd, receipt: Receipt) -> Result<(), Cmd> {
        match self.queue.try_send((command, receipt)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed((command, _))) => Err(command),
            // There is room nearly always: a task need not be larger for the wait.
            Err(TrySendError::Full(queued)) => {
                let sent = Box::pin(self.queue.send(queued)).await;
                sent.map_err(|unsent| unsent.0.0)
            }
        }
    }

    /// Queues a command if there is room, and does without it otherwise.
    pub(crate) fn try_push(&self, command: Cmd, receipt: Receipt) {
        // A full or closed queue is what the caller does without.
        let _ = self.queue.try_send((command, receipt));
    }

    /// Sends a command and waits for its answer.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may or may not have sent it.
    pub(crate) async fn ask(&self, command: Cmd) -> Result<Value, TransportError> {
        let (receipt, answer) = oneshot::channel();
        let queued = self.push(command, Receipt::Awaited(receipt)).await;
        queued.map_err(|_| TransportError::connection_closed())?;
        answer
            .await
            .unwrap_or_else(|_| Err(TransportError::connection_closed()))
    }
}

async fn send_all(mut queued: mpsc::Receiver<(Cmd, Receipt)>, commands: MultiplexedConnection) {
    let mut unanswered = FuturesUnordered::new();
    let mut batch = Vec::with_capacity(BATCH);
    let mut pace = Pace::default();
    loop {
        tokio::select! {
            biased;
            // First, for what was added last is sent when it is polled first.
            Some(()) = unanswered.next() => {}
            count = pace.next(queued.recv_many(&mut batch, BATCH)), if unanswered.len() < UNANSWERED => {
                if count == 0 {
                    break;
                }
                pace.did(count);
                let mut pipeline = Pipeline::with_capacity(count);
                let mut receipts = Vec::with_capacity(count);
                for (command, receipt) in batch.drain(..) {
                    pipeline.add_command(command);
                    receipts.push(receipt);
                }
                let mut commands = commands.clone();
                unanswered.push(async move {
                    let answers = commands.send_packed_commands(&pipeline, 0, receipts.len()).await;
                    settle(receipts, answers);
                });
            }
        }
    }
    while unanswered.next().await.is_some() {}
}

fn settle(receipts: Vec<Receipt>, answers: RedisResult<Vec<Value>>) {
    match answers {
        Ok(answers) => {
            for (receipt, answer) in receipts.into_iter().zip(answers) {
                receipt.settle(answer.extract_error().map_err(|error| of_command(&error)));
            }
        }
        Err(error) => {
            let error = of_command(&error);
            for receipt in receipts {
                receipt.settle(Err(error.clone()));
            }
        }
    }
}

impl Receipt {
    fn settle(self, answer: Result<Value, TransportError>) {
        match (self, answer) {
            (Self::Ignored, _) => {}
            (Self::Logged(channel), Err(error)) => {
                tracing::warn!(%channel, %error, "a reply could not be published");
            }
            (Self::Logged(channel), Ok(Value::Int(0))) => {
                tracing::debug!(%channel, "nobody waits for the reply any more");
            }
            (Self::Logged(_), Ok(_)) => {}
            (Self::Request(request), answer) => request.settle(answer),
            // Whoever is gone does not miss it.
            (Self::Awaited(waiter), answer) => drop(waiter.send(answer)),
        }
    }
}

impl Request {
    fn settle(self, answer: Result<Value, TransportError>) {
        let error = match answer {
            Err(error) => error,
            Ok(Value::Int(0)) if self.counts => TransportError::of_kind(
                ErrorKind::NoHandler,
                format!(
                    "nobody is subscribed to {:?}: start a server that handles it, or check the pattern",
                    self.route
                ),
            ),
            Ok(_) => return,
        };
        let failed = ReplyPacket {
            id: None,
            body: Err(error),
            is_last: true,
        };
        self.in_flight.complete(self.number, failed);
    }
}

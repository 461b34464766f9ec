//! A session with Redis: one connection for commands and one for
//! subscriptions, which end together. What ends them is found here, also when
//! Redis does not say so; who uses the session opens the next one.

use std::fmt;
use std::time::Duration;

use redis::Msg;
use redis::aio::{MultiplexedConnection, PubSubSink};
use tokio_util::sync::CancellationToken;

use crate::address::Address;
use crate::broker::{Broker, within};
use crate::failure::Failure;
use crate::pipe::Pipe;
use crate::read_ahead::{Incoming, ReadAhead};

/// How often Redis is asked whether it is there, and how long it may take to
/// say so.
const PING: Duration = Duration::from_secs(10);

/// Ends with its value.
pub(crate) struct Session {
    pub(crate) commands: MultiplexedConnection,
    pub(crate) pipe: Pipe,
    pub(crate) subscriptions: PubSubSink,
    /// The server that it is with.
    pub(crate) address: Address,
    ended: CancellationToken,
}

impl Session {
    /// Opens both connections.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing open.
    pub(crate) async fn open(broker: &Broker) -> Result<(Self, Incoming), Failure> {
        let address = broker.locate().await?;
        let ended = CancellationToken::new();
        // From here on, whatever fails ends what was started.
        let guard = ended.clone().drop_guard();
        let (mut commands, driver) = broker.commands(&address).await?;
        spawn(&ended, driver);
        within(broker.check(&mut commands)).await?;
        let ahead = ReadAhead::default();
        let subscribed = broker.subscriptions(&address, &ahead).await?;
        let (subscriptions, messages) = subscribed.split();
        let (pipe, sending) = Pipe::new(commands.clone());
        spawn(&ended, sending);
        spawn(
            &ended,
            watch(commands.clone(), subscriptions.clone(), ahead.clone()),
        );
        let session = Self {
            commands,
            pipe,
            subscriptions,
            address,
            ended: guard.disarm(),
        };
        Ok((session, Incoming { messages, ahead }))
    }

    /// Whether it is still there.
    pub(crate) fn is_open(&self) -> bool {
        !self.ended.is_cancelled()
    }

    /// Runs a part of it, with which it ends, and which ends with it.
    pub(crate) fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        spawn(&self.ended, part);
    }

    /// Ends it.
    pub(crate) fn end(&self) {
        self.ended.cancel();
    }

    /// The next message of those that came; `None` at the end of the session.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub(crate) async fn next(&self, incoming: &mut Incoming) -> Option<Msg> {
        let next = tokio::select! {
            // To look at the end takes a lock.
            biased;
            next = incoming.next() => next,
            () = self.ended.cancelled() => None,
        };
        if next.is_none() {
            self.end();
        }
        next
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({}, open: {})", self.address, self.is_open())
    }
}

fn spawn(ended: &CancellationToken, part: impl Future<Output = ()> + Send + 'static) {
    let ended = ended.clone();
    tokio::spawn(async move {
        // Also when the task is gone with its runtime.
        let _guard = ended.clone().drop_guard();
        ended.run_until_cancelled(part).await;
    });
}

/// Ends when Redis does not answer any more.
async fn watch(
    mut commands: MultiplexedConnection,
    mut subscriptions: PubSubSink,
    ahead: ReadAhead,
) {
    loop {
        tokio::time::sleep(PING).await;
        let command = redis::cmd("PING");
        let answers = async {
            let answer = command.query_async::<redis::Value>(&mut commands).await;
            let is_there = |error: &redis::RedisError| !error.is_connection_dropped();
            // That we may not ask is an answer, too.
            answer.as_ref().err().is_none_or(is_there)
        };
        if !tokio::time::timeout(PING, answers).await.unwrap_or(false) {
            break;
        }
        let answers = async {
            let answer = subscriptions.ping::<redis::Value>().await;
            answer
                .as_ref()
                .err()
                .is_none_or(|error| !error.is_connection_dropped())
        };
        let is_there = tokio::time::timeout(PING, answers).await.unwrap_or(false);
        // While we read nothing, its answer cannot be seen.
        if !is_there && !ahead.is_full() {
            break;
        }
    }
    tracing::warn!("Redis does not answer; connecting again");
}

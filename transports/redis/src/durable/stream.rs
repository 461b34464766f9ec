//! The streams of a server, and what is said to Redis of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::TransportError;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, RedisResult};
use rustc_hash::FxHashSet;

use crate::channels::pattern;
use crate::durable::{DEAD_LENGTH, PACKET, dead_key, key};
use crate::pipe::Pipe;

/// The stream of one pattern, as one member of one group sees it.
pub(crate) struct Stream {
    pub(crate) route: Arc<str>,
    pub(crate) key: String,
    /// The route as the pattern of a message.
    pub(crate) pattern: Bytes,
    pub(crate) group: Arc<str>,
    /// This server.
    pub(crate) member: Arc<str>,
    /// The entries that are being handled, or wait for it.
    in_hand: Mutex<FxHashSet<String>>,
    /// The last entry that was read, if there was one.
    last_read: Mutex<Option<String>>,
}

/// An entry's id and the packet in it, if that is there.
pub(crate) type Entry = (String, Option<Bytes>);
type Fields = HashMap<String, Vec<u8>>;

/// An entry that is delivered and not acknowledged.
pub(crate) struct Pending {
    pub(crate) id: String,
    /// How often it was delivered.
    pub(crate) attempts: usize,
}

impl Stream {
    pub(crate) fn new(route: &str, group: &Arc<str>, member: &Arc<str>) -> Self {
        Self {
            route: route.into(),
            key: key(route),
            pattern: pattern(route),
            group: group.clone(),
            member: member.clone(),
            in_hand: Mutex::default(),
            last_read: Mutex::default(),
        }
    }

    /// Makes the group, which gets what comes after `from`, unless it is there.
    pub(crate) async fn join(
        &self,
        commands: &MultiplexedConnection,
        from: &str,
    ) -> RedisResult<()> {
        let mut create = self.group_command("CREATE");
        create.arg(from).arg("MKSTREAM");
        match create.exec_async(&mut commands.clone()).await {
            Err(error) if error.code() == Some("BUSYGROUP") => Ok(()),
            created => created,
        }
    }

    /// Leaves the group, unless it would take entries along.
    pub(crate) async fn leave(&self, pipe: &Pipe) -> Result<(), TransportError> {
        let mut own = self.command("XPENDING");
        own.arg("-").arg("+").arg(1).arg(&*self.member);
        let pending: Vec<redis::Value> = parsed(pipe.ask(own).await?)?;
        if pending.is_empty() {
            let mut leave = self.group_command("DELCONSUMER");
            leave.arg(&*self.member);
            pipe.ask(leave).await?;
        }
        Ok(())
    }

    pub(crate) async fn acknowledge(&self, id: &str, pipe: &Pipe) -> Result<(), TransportError> {
        let mut command = self.command("XACK");
        command.arg(id);
        pipe.ask(command).await.map(drop)
    }

    /// Adds an entry to those that are dead, and acknowledges it then.
    pub(crate) async fn bury(
        &self,
        (id, packet): &Entry,
        attempts: usize,
        error: &str,
        pipe: &Pipe,
    ) -> Result<(), TransportError> {
        let mut command = redis::cmd("XADD");
        command
            .arg(dead_key(&self.route))
            .arg("MAXLEN")
            .arg("~")
            .arg(DEAD_LENGTH)
            .arg("*");
        command
            .arg(PACKET)
            .arg(packet.as_deref().unwrap_or_default());
        command.arg("group").arg(&*self.group).arg("id").arg(id);
        command
            .arg("attempts")
            .arg(attempts)
            .arg("error")
            .arg(error);
        pipe.ask(command).await?;
        self.acknowledge(id, pipe).await
    }

    /// Up to so many entries that nobody has spoken of for `idle`.
    pub(crate) async fn pending(
        &self,
        idle: Duration,
        count: usize,
        pipe: &Pipe,
    ) -> Result<Vec<Pending>, TransportError> {
        let mut command = self.command("XPENDING");
        command
            .arg("IDLE")
            .arg(millis(idle))
            .arg("-")
            .arg("+")
            .arg(count);
        self.not_in_hand(command, pipe).await
    }

    /// Up to so many entries that Redis has delivered to us and that never
    /// arrived.
    pub(crate) async fn missed(
        &self,
        count: usize,
        pipe: &Pipe,
    ) -> Result<Vec<Pending>, TransportError> {
        let last_read = lock(&self.last_read).clone();
        let after = last_read.map_or_else(|| "-".to_owned(), |last| format!("({last}"));
        let mut command = self.command("XPENDING");
        command.arg(after).arg("+").arg(count).arg(&*self.member);
        let mut pending = self.not_in_hand(command, pipe).await?;
        // What was taken over from others was delivered more often.
        pending.retain(|pending| pending.attempts == 1);
        Ok(pending)
    }

    async fn not_in_hand(&self, command: Cmd, pipe: &Pipe) -> Result<Vec<Pending>, TransportError> {
        // Before it is asked: what is acknowledged meanwhile is not pending either.
        let in_hand = lock(&self.in_hand).clone();
        let pending: Vec<(String, String, u64, usize)> = parsed(pipe.ask(command).await?)?;
        let others = pending.into_iter().filter(|(id, ..)| !in_hand.contains(id));
        Ok(others
            .map(|(id, _, _, attempts)| Pending { id, attempts })
            .collect())
    }

    /// Takes an entry over for another attempt, if nobody has spoken of it for
    /// `idle`.
    pub(crate) async fn claim(
        &self,
        pending: &Pending,
        idle: Duration,
        pipe: &Pipe,
    ) -> Result<Option<Entry>, TransportError> {
        self.claim_as(&pending.id, idle, pending.attempts + 1, pipe)
            .await
    }

    /// Has an entry once more that never arrived.
    pub(crate) async fn fetch(
        &self,
        missed: &Pending,
        pipe: &Pipe,
    ) -> Result<Option<Entry>, TransportError> {
        self.claim_as(&missed.id, Duration::ZERO, missed.attempts, pipe)
            .await
    }

    async fn claim_as(
        &self,
        id: &str,
        idle: Duration,
        attempts: usize,
        pipe: &Pipe,
    ) -> Result<Option<Entry>, TransportError> {
        let mut command = self.command("XCLAIM");
        command.arg(&*self.member).arg(millis(idle)).arg(id);
        command.arg("RETRYCOUNT").arg(attempts);
        let claimed: Vec<Option<(String, Option<Fields>)>> = parsed(pipe.ask(command).await?)?;
        // One that is not in the stream any more cannot be handled.
        let entry = claimed.into_iter().flatten().next();
        Ok(entry.map(|(id, fields)| (id, packet(fields.unwrap_or_default()))))
    }

    /// Says that what is in hand is.
    pub(crate) async fn speak_for_all(&self, pipe: &Pipe) -> Result<(), TransportError> {
        let ids: Vec<_> = lock(&self.in_hand).iter().cloned().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let mut command = self.command("XCLAIM");
        command.arg(&*self.member).arg(0).arg(ids).arg("JUSTID");
        pipe.ask(command).await.map(drop)
    }

    /// Has an entry rest from now on.
    pub(crate) async fn rest(&self, id: &str, pipe: &Pipe) -> Result<(), TransportError> {
        let mut command = self.command("XCLAIM");
        command.arg(&*self.member).arg(0).arg(id).arg("JUSTID");
        pipe.ask(command).await.map(drop)
    }

    /// Leaves an entry that was not begun to whoever looks for one next, as if it
    /// had not been delivered.
    pub(crate) async fn give_back(
        &self,
        id: &str,
        idle: Duration,
        pipe: &Pipe,
    ) -> Result<(), TransportError> {
        let mut command = self.command("XCLAIM");
        command
            .arg(&*self.member)
            .arg(0)
            .arg(id)
            .arg("IDLE")
            .arg(millis(idle));
        command.arg("RETRYCOUNT").arg(0).arg("JUSTID");
        pipe.ask(command).await.map(drop)
    }

    /// Remembers which entry was read last.
    pub(crate) fn was_read(&self, id: &str) {
        *lock(&self.last_read) = Some(id.to_owned());
    }

    /// Remembers that an entry is in hand, until what is returned is dropped.
    pub(crate) fn hold(self: &Arc<Self>, id: &str) -> InHand {
        lock(&self.in_hand).insert(id.to_owned());
        InHand {
            stream: self.clone(),
            id: id.to_owned(),
        }
    }

    fn command(&self, name: &str) -> Cmd {
        let mut command = redis::cmd(name);
        command.arg(&self.key).arg(&*self.group);
        command
    }

    fn group_command(&self, name: &str) -> Cmd {
        let mut command = redis::cmd("XGROUP");
        command.arg(name).arg(&self.key).arg(&*self.group);
        command
    }
}

/// No code that can panic runs under these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry in hand.
pub(crate) struct InHand {
    stream: Arc<Stream>,
    id: String,
}

impl Drop for InHand {
    fn drop(&mut self) {
        lock(&self.stream.in_hand).remove(&self.id);
    }
}

/// The next entries of these streams, at most `count` of each, once there are
/// any or `wait` is over: the key of each stream, and its entries.
pub(crate) async fn read(
    streams: &[Arc<Stream>],
    count: usize,
    wait: Duration,
    commands: &MultiplexedConnection,
) -> RedisResult<Vec<(String, Vec<Entry>)>> {
    let Some(first) = streams.first() else {
        return Ok(Vec::new());
    };
    let mut command = redis::cmd("XREADGROUP");
    command.arg("GROUP").arg(&*first.group).arg(&*first.member);
    command
        .arg("COUNT")
        .arg(count)
        .arg("BLOCK")
        .arg(millis(wait))
        .arg("STREAMS");
    for stream in streams {
        command.arg(&stream.key);
    }
    for _ in streams {
        command.arg(">");
    }
    type Read = Vec<(String, Vec<(String, Fields)>)>;
    let read: Option<Read> = command.query_async(&mut commands.clone()).await?;
    let entries = |entries: Vec<(String, Fields)>| {
        let entries = entries.into_iter();
        entries.map(|(id, fields)| (id, packet(fields))).collect()
    };
    let read = read.unwrap_or_default().into_iter();
    Ok(read.map(|(key, found)| (key, entries(found))).collect())
}

fn packet(mut fields: Fields) -> Option<Bytes> {
    fields.remove(PACKET).map(Bytes::from)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn parsed<T: FromRedisValue>(answer: redis::Value) -> Result<T, TransportError> {
    redis::from_redis_value(answer).map_err(|error| TransportError::new(error.to_string()))
}

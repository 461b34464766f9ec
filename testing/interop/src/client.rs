use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{
    io::{AsyncWriteExt, BufReader, Lines},
    process::{ChildStdin, ChildStdout},
    sync::{Mutex as AsyncMutex, oneshot},
    task::JoinHandle,
    time::timeout,
};

use crate::{Caller, Command, Error, Nest, Seen, peer::Peer};

/// A client reports its own timeouts; this much later it is taken to hang.
const GRACE: Duration = Duration::from_secs(20);

/// A NestJS client that does what it is told. Commands may be given concurrently.
pub struct NestClient {
    peer: Peer,
    stdin: AsyncMutex<ChildStdin>,
    pending: Pending,
    next_id: AtomicU64,
    reader: JoinHandle<Result<(), Error>>,
}

type Pending = Arc<Mutex<HashMap<u64, oneshot::Sender<Seen>>>>;

#[derive(Serialize)]
struct Line<'a> {
    id: u64,
    #[serde(flatten)]
    command: &'a Command,
}

#[derive(Deserialize)]
struct Answer {
    id: u64,
    #[serde(flatten)]
    seen: Seen,
}

impl NestClient {
    /// Starts one. It connects when first told to send or emit.
    /// `options` are NestJS's own for the transport.
    ///
    /// # Errors
    ///
    /// When its packages are not installed, or when it does not start.
    pub async fn start(version: Nest, transport: &str, options: &Value) -> Result<Self, Error> {
        let (peer, _, pipes) = Peer::start(version, "client.mjs", transport, options).await?;
        let pending = Pending::default();
        let reader = tokio::spawn(read(pipes.stdout, Arc::clone(&pending)));
        let stdin = AsyncMutex::new(pipes.stdin);
        Ok(Self {
            peer,
            stdin,
            pending,
            next_id: AtomicU64::new(1),
            reader,
        })
    }

    /// Closes it and waits for its end.
    ///
    /// # Errors
    ///
    /// When it does not end, ends with a failure, or printed something that is not of the protocol.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.stdin);
        self.peer.stop().await?;
        self.reader.await.unwrap_or(Ok(()))
    }
}

impl Caller for NestClient {
    async fn call(&self, command: &Command) -> Result<Seen, Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        lock(&self.pending).insert(id, sender);

        let mut line =
            serde_json::to_vec(&Line { id, command }).map_err(|source| Error::Protocol {
                line: format!("{command:?}"),
                source,
            })?;
        line.push(b'\n');
        let written = self.stdin.lock().await.write_all(&line).await;
        written.map_err(|source| self.peer.stderr().broken(source))?;

        let awaited = || format!("answer to {} {}", command.pattern, command.data);
        match timeout(command.timeout + GRACE, answer).await {
            Ok(Ok(seen)) => Ok(seen),
            Ok(Err(_)) => Err(Error::Ended {
                awaited: awaited(),
                stderr: self.peer.stderr().text(),
            }),
            Err(_) => Err(self.peer.stderr().silent(&awaited())),
        }
    }
}

/// Hands each answer to the call that waits for it, until the client's stdout ends; the calls
/// still waiting then learn it by their sender's end.
async fn read(mut stdout: Lines<BufReader<ChildStdout>>, pending: Pending) -> Result<(), Error> {
    let outcome = loop {
        let Ok(Some(line)) = stdout.next_line().await else {
            break Ok(());
        };
        match serde_json::from_str::<Answer>(&line) {
            Ok(Answer { id, seen }) => {
                if let Some(call) = lock(&pending).remove(&id) {
                    // A call that was dropped has no use for its answer.
                    let _ = call.send(seen);
                }
            }
            Err(source) => break Err(Error::Protocol { line, source }),
        }
    };
    lock(&pending).clear();
    outcome
}

fn lock(pending: &Pending) -> std::sync::MutexGuard<'_, HashMap<u64, oneshot::Sender<Seen>>> {
    pending.lock().unwrap_or_else(PoisonError::into_inner)
}

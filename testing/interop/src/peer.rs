use std::{
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::{Error, Nest, nest};

/// Node and NestJS start in under a second on an idle machine.
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

/// A Node process that runs one of the peer programs. It is killed when this is dropped, and
/// ends by itself when this process does, because its stdin then closes.
pub(crate) struct Peer {
    child: Child,
    stderr: Stderr,
    stderr_reader: JoinHandle<()>,
}

/// What a peer prints first.
#[derive(Deserialize)]
pub(crate) struct Ready {
    /// Where it listens, of a server on a transport that has ports.
    #[serde(default)]
    pub(crate) port: Option<u16>,
}

/// The lines of the protocol, in both directions.
pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    /// Starts `program` and waits until it says it is ready.
    pub(crate) async fn start(
        version: Nest,
        program: &str,
        transport: &str,
        options: &Value,
    ) -> Result<(Self, Ready, Pipes), Error> {
        let folder = version.folder();
        nest::installed(&folder)?;
        let node = nest::node();
        let mut child = Command::new(&node)
            .arg(nest::programs().join(program))
            .args([transport, &options.to_string()])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| Error::Spawn {
                program: node,
                source,
            })?;

        let stderr = Stderr::default();
        let (Some(stdin), Some(stdout), Some(printed)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for as pipes")
        };
        let stderr_reader = tokio::spawn(stderr.clone().collect(printed));
        let mut pipes = Pipes {
            stdin,
            stdout: BufReader::new(stdout).lines(),
        };
        let mut peer = Self {
            child,
            stderr,
            stderr_reader,
        };

        let line = timeout(START, pipes.stdout.next_line()).await;
        let line = line.map_err(|_| peer.stderr.silent("ready line"))?;
        let line = line.map_err(|source| peer.stderr.broken(source))?;
        let Some(line) = line else {
            return Err(peer.ended("a ready line").await);
        };
        let ready = serde_json::from_str(&line);
        let ready = ready.map_err(|source| Error::Protocol { line, source })?;
        Ok((peer, ready, pipes))
    }

    pub(crate) fn stderr(&self) -> &Stderr {
        &self.stderr
    }

    /// Waits for the end that closing its stdin asks for.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        let status = timeout(STOP, self.child.wait()).await;
        let status = status.map_err(|_| self.stderr.silent("end after its stdin closed"))?;
        if status
            .map_err(|source| self.stderr.broken(source))?
            .success()
        {
            return Ok(());
        }
        Err(self.ended("a clean exit").await)
    }

    /// The error of a process that is gone: what it printed last is what matters.
    async fn ended(&mut self, awaited: &str) -> Error {
        let _ = timeout(STOP, &mut self.stderr_reader).await;
        Error::Ended {
            awaited: awaited.to_owned(),
            stderr: self.stderr.text(),
        }
    }
}

/// What a peer has printed on stderr up to now.
#[derive(Clone, Default)]
pub(crate) struct Stderr(Arc<Mutex<Vec<u8>>>);

impl Stderr {
    pub(crate) fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn silent(&self, awaited: &str) -> Error {
        Error::Silent {
            awaited: awaited.to_owned(),
            stderr: self.text(),
        }
    }

    pub(crate) fn broken(&self, source: std::io::Error) -> Error {
        Error::Pipe {
            stderr: self.text(),
            source,
        }
    }

    async fn collect(self, mut printed: ChildStderr) {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = printed.read(&mut chunk).await {
            let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            bytes.extend_from_slice(&chunk[..read]);
        }
    }
}

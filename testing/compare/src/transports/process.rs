use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::{Deserialize, de::DeserializeOwned};

use crate::proc;

/// How long one may take to start; a RabbitMQ client waits for its broker too.
const START: Duration = Duration::from_secs(30);

/// A contender's server or client. It ends with this, and by itself when this program does: its stdin closes.
pub(crate) struct Process {
    child: Child,
    /// Until it is told to end.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    printed: Arc<Mutex<String>>,
    /// Ends when nothing more can be printed.
    collector: Option<JoinHandle<()>>,
    /// What its first line says.
    pub(crate) address: String,
    pub(crate) start_up: Duration,
}

#[derive(Deserialize)]
struct Ready {
    ready: String,
}

/// What a client did when it was told to.
#[derive(Deserialize)]
pub(crate) struct Outcome {
    pub(crate) done: u64,
    pub(crate) failed: u64,
    pub(crate) seconds: f64,
    /// Microseconds.
    pub(crate) p50: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) error: Option<String>,
}

impl Process {
    /// Starts it and waits until it says that it is ready.
    pub(crate) fn start(mut command: Command, address: &str) -> Result<Self, String> {
        let began = Instant::now();
        let mut child = command
            .arg(address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("it cannot be started: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err("it has no pipes".to_owned());
        };
        let printed = Arc::<Mutex<String>>::default();
        let collector = Some(collect(stderr, printed.clone()));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut process = Self {
            child,
            stdin: Some(stdin),
            lines,
            printed,
            collector,
            address: String::new(),
            start_up: Duration::ZERO,
        };
        let Ready { ready } = process.next(START)?;
        process.address = ready;
        process.start_up = began.elapsed();
        Ok(process)
    }

    /// Has a client do something.
    pub(crate) fn order(
        &mut self,
        order: &impl serde::Serialize,
        patience: Duration,
    ) -> Result<Outcome, String> {
        let mut line = serde_json::to_vec(order).map_err(|error| error.to_string())?;
        line.push(b'\n');
        let Some(stdin) = &mut self.stdin else {
            return Err("it takes no more orders".to_owned());
        };
        let sent = stdin.write_all(&line).and_then(|()| stdin.flush());
        sent.map_err(|error| self.says(&format!("it takes no orders: {error}")))?;
        self.next(patience)
    }

    /// Has it end by itself, and waits until it has.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.stdin = None;
        match self.next::<serde_json::Value>(START) {
            Err(_) if matches!(self.child.try_wait(), Ok(Some(status)) if status.success()) => {
                Ok(())
            }
            Err(why) => Err(why),
            Ok(line) => Err(format!("it says more than it was asked for: {line}")),
        }
    }

    pub(crate) fn cpu(&self) -> Duration {
        proc::cpu(self.child.id())
    }

    pub(crate) fn memory(&self) -> u64 {
        proc::memory(self.child.id())
    }

    fn next<T: DeserializeOwned>(&mut self, patience: Duration) -> Result<T, String> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => serde_json::from_str(&line).map_err(|error| format!("{error}: {line}")),
            Err(RecvTimeoutError::Timeout) => {
                Err(self.says(&format!("no answer within {} s", patience.as_secs())))
            }
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait();
                // What it printed last is why.
                let _ = self.collector.take().map(JoinHandle::join);
                Err(self.says(&status.map_or_else(
                    |error| format!("it is gone: {error}"),
                    |status| format!("it ended, {status}"),
                )))
            }
        }
    }

    /// With the last it printed.
    fn says(&self, what: &str) -> String {
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        match printed.lines().rfind(|line| !line.trim().is_empty()) {
            Some(last) => format!("{what} ({})", last.trim()),
            None => what.to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(mut stderr: impl Read + Send + 'static, printed: Arc<Mutex<String>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(read @ 1..) = stderr.read(&mut chunk) {
            let text = String::from_utf8_lossy(&chunk[..read]);
            let mut printed = printed.lock().unwrap_or_else(PoisonError::into_inner);
            // One that complains of every message would fill the memory.
            if printed.len() > 1 << 16 {
                printed.clear();
            }
            printed.push_str(&text);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn one_that_ends_is_said_to_have_with_what_it_printed_last() {
        let text = r#"echo '{"ready":"here"}'; read order; echo why >&2; exit 3"#;
        let mut process = Process::start(script(text), "").unwrap();
        assert_eq!(process.address, "here");
        let why = process.order(&"go", START).err().unwrap();
        assert!(
            why.contains("exit status: 3") && why.contains("(why)"),
            "{why}"
        );
    }

    #[test]
    fn one_that_does_not_answer_is_not_waited_for() {
        let text = r#"echo '{"ready":""}'; exec sleep 60"#;
        let mut process = Process::start(script(text), "").unwrap();
        let why = process
            .order(&"go", Duration::from_millis(10))
            .err()
            .unwrap();
        assert!(why.contains("no answer"), "{why}");
    }

    #[test]
    fn one_ends_when_it_is_told_to() {
        let text = r#"echo '{"ready":""}'; read order; exit "${order:-0}""#;
        assert_eq!(Process::start(script(text), "").unwrap().end(), Ok(()));
        let text = r#"echo '{"ready":""}'; read order; echo why >&2; exit 4"#;
        let why = Process::start(script(text), "")
            .unwrap()
            .end()
            .err()
            .unwrap();
        assert!(why.contains("exit status: 4 (why)"), "{why}");
    }

    #[test]
    fn what_cannot_be_started_is_no_more_than_that() {
        assert!(Process::start(Command::new("no-such-program"), "").is_err());
        let why = Process::start(script("echo nonsense"), "").err().unwrap();
        assert!(why.contains("nonsense"), "{why}");
    }
}

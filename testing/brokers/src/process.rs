use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use tokio::time::{sleep, timeout};

use crate::{Error, recipe::Step};

/// A child that leads a process group of its own, which its helpers join.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program in `folder`; what it prints is added to `log`.
    pub(crate) fn start(step: &Step, folder: &Path, log: &Path) -> Result<Self, Error> {
        let doing = || format!("run `{}`", step.program.display());
        let child = command(step, folder, log)?
            .process_group(0)
            .spawn()
            .map_err(Error::io(doing()))?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends a signal (`STOP`) to the whole group.
    pub(crate) fn signal(&self, signal: &str) -> io::Result<()> {
        let group = format!("-{}", self.id());
        // A builtin of the shell; the program `kill` is not everywhere.
        let status = Command::new("sh")
            .args(["-c", "kill -s \"$1\" -- \"$2\"", "sh", signal, &group])
            .stderr(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(format!(
                "there is no process group {group}"
            )))
        }
    }

    /// Stops the whole group, and waits until it stands still: a signal reaches one thread after
    /// the other.
    pub(crate) fn pause(&self) -> io::Result<()> {
        self.signal("STOP")?;
        while self.is_moving() {
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Whether a thread of the group runs, or waits for what would have it run.
    fn is_moving(&self) -> bool {
        let group = self.id().to_string();
        let is_moving = |stat: String| {
            // `pid (name) state parent group …`, and the name may be anything.
            let mut after_name = stat.rsplit(')').next().unwrap_or("").split_whitespace();
            let (state, _, its_group) = (after_name.next(), after_name.next(), after_name.next());
            its_group == Some(&group) && !matches!(state, Some("T" | "t" | "Z" | "X"))
        };
        let entries = |path: &Path| path.read_dir().into_iter().flatten().flatten();
        entries(Path::new("/proc"))
            .flat_map(|process| entries(&process.path().join("task")))
            .filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok())
            .any(is_moving)
    }

    /// Ends the group at once. The number cannot have become another's: we have not waited yet.
    pub(crate) fn kill(&mut self) {
        if !self.has_ended() {
            // Its helpers; they end without it too, only later.
            let _ = self.signal("KILL");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks the program to end, and ends it if it does not.
    pub(crate) async fn stop(&mut self) {
        let _ = self.signal("TERM");
        if timeout(Duration::from_secs(10), self.end()).await.is_err() {
            self.kill();
        }
    }

    /// Waits for the end of the program, which has to be a success.
    pub(crate) async fn succeed(mut self) -> io::Result<()> {
        let status = self.end().await?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other(status.to_string()))
        }
    }

    async fn end(&mut self) -> io::Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn command(step: &Step, folder: &Path, log: &Path) -> Result<Command, Error> {
    let doing = || format!("write {}", log.display());
    let open = || OpenOptions::new().create(true).append(true).open(log);
    let output: File = open().map_err(Error::io(doing()))?;
    let errors = output.try_clone().map_err(Error::io(doing()))?;
    let mut command = Command::new(&step.program);
    command
        .args(&step.args)
        .envs(step.env.iter().map(|(name, value)| (name, value)))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    Ok(command)
}

//! A set that stays after the command that started it.
//!
//! It is a process of ours in the background: when that ends, its brokers end. A file in the
//! target folder says which one it is.

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use nestrs_brokers::Error;

use crate::set::Set;

/// Starts a set in the background, or says that there is one.
pub(crate) fn up() -> Result<ExitCode, Error> {
    if standing()?.is_some() {
        return status();
    }
    let program = env::current_exe().map_err(io("find this program"))?;
    let mut server = Command::new(program)
        .arg("serve")
        .stdin(Stdio::null())
        // Nothing of ours stays open behind the command: who reads that would wait for its end.
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Not the terminal's: Ctrl-C is for what runs there.
        .process_group(0)
        .spawn()
        .map_err(io("run the brokers in the background"))?;
    // It says that it is ready, or why it is not and ends.
    let ready = server.stdout.take().is_some_and(|output| {
        let mut line = String::new();
        matches!(BufReader::new(output).read_line(&mut line), Ok(1..))
    });
    if !ready {
        let said = server
            .wait_with_output()
            .map_err(io("wait for the brokers"))?;
        eprint!("{}", String::from_utf8_lossy(&said.stderr));
        return Ok(ExitCode::FAILURE);
    }
    status()
}

/// Runs a set until the process is killed.
pub(crate) async fn serve() -> Result<ExitCode, Error> {
    let set = Set::start().await?;
    let mut text = format!("{}\n", std::process::id());
    for (name, url) in set.variables() {
        text += &format!("{name}={url}\n");
    }
    fs::write(file(), text).map_err(io("write which brokers run"))?;
    println!("ready");
    std::future::pending().await
}

/// Ends the set and waits for the end.
pub(crate) fn down() -> Result<ExitCode, Error> {
    let Some(set) = standing()? else {
        println!("no brokers are up");
        return Ok(ExitCode::SUCCESS);
    };
    let kill = ["-c", "kill -s KILL -- \"$1\"", "sh", &set.pid];
    Command::new("sh")
        .args(kill)
        .status()
        .map_err(io("run `sh`"))?;
    while set.addresses().any(answers) {
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(file()).map_err(io("remove the file of which brokers run"))?;
    println!("the brokers are down");
    Ok(ExitCode::SUCCESS)
}

/// What runs, as lines for a shell; a failure if something does not.
pub(crate) fn status() -> Result<ExitCode, Error> {
    let Some(set) = standing()? else {
        println!("no brokers are up: `cargo xtask brokers up` starts them");
        return Ok(ExitCode::FAILURE);
    };
    let mut code = ExitCode::SUCCESS;
    for (line, address) in set.lines.iter().zip(set.addresses()) {
        let remark = if answers(address) {
            ""
        } else {
            code = ExitCode::FAILURE;
            " # does not answer"
        };
        println!("export {line}{remark}");
    }
    Ok(code)
}

struct Standing {
    pid: String,
    /// `NESTRS_NATS_URL=nats://127.0.0.1:20001`
    lines: Vec<String>,
}

impl Standing {
    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        let urls = self.lines.iter().filter_map(|line| line.split_once('='));
        urls.filter_map(|(_, url)| url.rsplit('/').next()?.parse().ok())
    }
}

/// The set that was started last, if it is still there.
fn standing() -> Result<Option<Standing>, Error> {
    let Ok(text) = fs::read_to_string(file()) else {
        return Ok(None);
    };
    let mut lines = text.lines().map(str::to_owned);
    let pid = lines.next().unwrap_or_default();
    // The number may be another's by now.
    let args = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let own = env::current_exe().map_err(io("find this program"))?;
    let own = own.file_name().unwrap_or_default().as_encoded_bytes();
    let mut args = args.split(|byte| *byte == 0);
    let same = args.next().is_some_and(|program| program.ends_with(own));
    if !same || args.next() != Some(b"serve") {
        return Ok(None);
    }
    Ok(Some(Standing {
        pid,
        lines: lines.collect(),
    }))
}

/// In the target folder: this program runs from `<target>/<profile>/`.
fn file() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let target = program.ancestors().nth(2).map(PathBuf::from);
    target.unwrap_or_default().join("brokers")
}

fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}

fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        doing: doing.to_owned(),
        source,
    }
}

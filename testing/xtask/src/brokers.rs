use std::{ffi::OsString, path::PathBuf, process::Command};

use crate::{apt, error::Error, maven, process, workspace};

/// The program by which we see that a package is there, and the package.
const PACKAGES: &[(&str, &str)] = &[
    ("nats-server", "nats-server"),
    ("redis-server", "redis-server"),
    ("rabbitmq-server", "rabbitmq-server"),
    ("mosquitto", "mosquitto"),
    // Kafka's own jars come by Maven.
    ("java", "default-jre-headless"),
];

/// Where servers are, which ordinary users have no `PATH` to.
const PATH: &str = "PATH=$PATH:/usr/local/sbin:/usr/sbin; command -v \"$1\"";

/// Starts a set of brokers in the background, ends it, or shows it.
pub(crate) fn run(what: &str) -> Result<(), Error> {
    if what == "up" {
        provide()?;
    }
    process::run(Command::new(program()?).arg(what))
}

/// Installs the brokers that are not there.
pub(crate) fn provide() -> Result<(), Error> {
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(program, _)| process::output("sh", &["-c", PATH, "sh", program]).is_none())
        .map(|(_, package)| *package)
        .collect();
    if !missing.is_empty() {
        let by_hand = format!("as root, apt-get install {}", missing.join(" "));
        apt::install(&missing, &by_hand)?;
    }
    maven::install(&workspace::root().join("testing/brokers/kafka"))
}

/// Has a command run beside brokers, whose addresses it finds in its environment.
pub(crate) fn around(command: &Command) -> Result<Command, Error> {
    let mut around = Command::new(program()?);
    around.arg("exec").arg(command.get_program());
    around.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => around.env(name, value),
            None => around.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        around.current_dir(folder);
    }
    Ok(around)
}

/// Built, and run without cargo, which would describe the package in the environment.
fn program() -> Result<PathBuf, Error> {
    let name = OsString::from("nestrs-brokers");
    process::run(
        workspace::cargo()
            .args(["build", "--quiet", "--package"])
            .arg(&name),
    )?;
    Ok(workspace::target().join("debug").join(name))
}

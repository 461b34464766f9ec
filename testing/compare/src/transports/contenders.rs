use std::path::{Path, PathBuf};
use std::process::Command;

use nestrs_brokers::Kind;

use crate::error::Error;
use crate::{places, rounds};

/// What messages go over.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Transport {
    Tcp,
    Grpc,
    Nats,
    Redis,
    RabbitMq,
    Mqtt,
    Kafka,
}

impl Transport {
    pub(crate) const ALL: [Self; 7] = [
        Self::Tcp,
        Self::Grpc,
        Self::Nats,
        Self::Redis,
        Self::RabbitMq,
        Self::Mqtt,
        Self::Kafka,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Grpc => "grpc",
            Self::Nats => "nats",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
            Self::Mqtt => "mqtt",
            Self::Kafka => "kafka",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Grpc => "gRPC",
            Self::Nats => "NATS",
            Self::Redis => "Redis",
            Self::RabbitMq => "RabbitMQ",
            Self::Mqtt => "MQTT",
            Self::Kafka => "Kafka",
        }
    }

    /// The crates whose versions matter.
    pub(crate) fn crates(self) -> Vec<&'static str> {
        let mut crates = vec!["nestrs-core", self.driver(), "serde_json"];
        if self == Self::Tcp {
            crates.push("tarpc");
        }
        crates
    }

    /// What ours and the raw one are made with.
    fn driver(self) -> &'static str {
        match self {
            Self::Tcp => "tokio",
            Self::Grpc => "tonic",
            Self::Nats => "async-nats",
            Self::Redis => "redis",
            Self::RabbitMq => "lapin",
            Self::Mqtt => "rumqttc-v4-next",
            Self::Kafka => "rdkafka",
        }
    }

    pub(crate) fn broker(self) -> Option<Kind> {
        match self {
            Self::Tcp | Self::Grpc => None,
            Self::Nats => Some(Kind::Nats),
            Self::Redis => Some(Kind::Redis),
            Self::RabbitMq => Some(Kind::RabbitMq),
            Self::Mqtt => Some(Kind::Mosquitto),
            Self::Kafka => Some(Kind::Kafka),
        }
    }

    /// Whether several contenders would get in each other's way at one broker: they all have the same patterns.
    pub(crate) fn needs_own_broker(self) -> bool {
        matches!(self, Self::Nats | Self::Redis | Self::Mqtt | Self::Kafka)
    }

    pub(crate) fn contenders(self) -> Vec<Contender> {
        use Program::{Nest, Nestrs, Raw, Tarpc, Upstream};
        let mut all = vec![Contender::ours(), Contender::new(RAW, Raw, Raw)];
        all.push(Contender::new("NestJS 12", Nest, Nest));
        // Over gRPC it has services of proto files instead of patterns.
        if self != Self::Grpc {
            all.push(Contender::new("NestJS 12 → nestrs", Nest, Nestrs));
            all.push(Contender::new("nestrs → NestJS 12", Nestrs, Nest));
        }
        if !matches!(self, Self::Grpc | Self::Kafka) {
            all.push(Contender::new(UPSTREAM, Upstream, Upstream));
        }
        if self == Self::Tcp {
            all.push(Contender::new("tarpc", Tarpc, Tarpc));
        }
        all
    }
}

pub(crate) const OURS: &str = "nestrs";
pub(crate) const RAW: &str = "raw driver";
pub(crate) const UPSTREAM: &str = "nestrs 1.6.0";

/// A client and a server that it calls.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) client: Program,
    pub(crate) server: Program,
}

impl Contender {
    fn new(name: &'static str, client: Program, server: Program) -> Self {
        Self {
            name,
            client,
            server,
        }
    }

    /// We with ourselves.
    pub(crate) fn ours() -> Self {
        Self::new(OURS, Program::Nestrs, Program::Nestrs)
    }

    /// For a queue of its own.
    pub(crate) fn slug(&self) -> String {
        let letters = self.name.chars().filter(char::is_ascii_alphanumeric);
        letters
            .chain(self.name.contains('→').then_some('x'))
            .collect()
    }
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Program {
    Nestrs,
    Raw,
    Nest,
    Upstream,
    Tarpc,
}

impl Program {
    /// The package it is built from, unless it is not built.
    fn package(self) -> Option<&'static str> {
        match self {
            Self::Nestrs => Some("peer-nestrs"),
            Self::Raw => Some("peer-raw"),
            Self::Upstream => Some("peer-upstream"),
            Self::Tarpc => Some("peer-tarpc"),
            Self::Nest => None,
        }
    }

    /// `side` is `client` or `server`.
    pub(crate) fn command(self, side: &str, transport: &str) -> Result<Command, Error> {
        let mut command = match self.package() {
            Some(package) => {
                let mut command = Command::new(places::target()?.join("release").join(package));
                command.arg(side);
                command
            }
            None => {
                let node = std::env::var_os("NESTRS_NODE").unwrap_or_else(|| "node".into());
                let mut command = Command::new(node);
                let program = places::workspace().join(format!("peers/nest/{side}.mjs"));
                command.arg(program).current_dir(nest_folder());
                command
            }
        };
        command.arg(transport);
        Ok(command)
    }
}

/// The packages are those of the interop tests.
fn nest_folder() -> PathBuf {
    Path::new(places::workspace()).join("../interop/node/nest12")
}

/// Builds what takes part, optimised, with cargo's own settings; what of it cannot be built is out of it, and returned.
pub(crate) fn build() -> Result<Vec<Program>, Error> {
    // What is built together shares the features of its dependencies. Of these they are the same; upstream has others.
    let ours = [Program::Nestrs, Program::Raw, Program::Tarpc];
    rounds::finish(&mut cargo(&ours))?;
    if let Err(error) = rounds::finish(&mut cargo(&[Program::Upstream])) {
        eprintln!("compare: {error}");
        return Ok(vec![Program::Upstream]);
    }
    Ok(Vec::new())
}

fn cargo(programs: &[Program]) -> Command {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release"]);
    for package in programs.iter().filter_map(|program| program.package()) {
        cargo.args(["--package", package]);
    }
    cargo.env_remove("CARGO_INCREMENTAL");
    cargo.current_dir(places::workspace());
    cargo
}

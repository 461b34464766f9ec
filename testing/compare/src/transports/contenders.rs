use std::path::{Path, PathBuf};
use std::process::Command;

use nestrs_brokers::{Broker, BrokerOptions, Kind};
use tokio::runtime::Runtime;

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
        match self {
            Self::Tcp => crates.push("tarpc"),
            Self::Nats => crates.extend(["ruststream", "ruststream-nats"]),
            Self::RabbitMq => crates.extend(["ruststream", "ruststream-lapin"]),
            _ => {}
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

    /// What the broker comes in.
    pub(crate) fn broker_package(self) -> Option<&'static str> {
        match self {
            Self::Tcp | Self::Grpc => None,
            Self::Nats => Some("nats-server"),
            Self::Redis => Some("redis-server"),
            Self::RabbitMq => Some("rabbitmq-server"),
            Self::Mqtt => Some("mosquitto"),
            Self::Kafka => Some("kafka"),
        }
    }

    /// One of its own, if it needs any.
    pub(crate) fn start_broker(self, runtime: &Runtime) -> Result<Option<Broker>, Error> {
        let Some(kind) = self.broker() else {
            return Ok(None);
        };
        let started = runtime.block_on(BrokerOptions::new(kind).start());
        started.map(Some).map_err(Error::Broker)
    }

    /// Whether several contenders would get in each other's way at one broker: they all have the same patterns.
    pub(crate) fn needs_own_broker(self) -> bool {
        matches!(self, Self::Nats | Self::Redis | Self::Mqtt | Self::Kafka)
    }

    pub(crate) fn contenders(self) -> Vec<Contender> {
        use Program::{Nest, Nestrs, Raw, RustStream, Tarpc, Upstream};
        let ours = Contender::ours(self);
        let own = ours.client;
        let mut all = vec![
            ours,
            Contender::new(RAW, Raw, Raw),
            Contender::new(NEST, Nest, Nest),
            Contender::new("NestJS 12 → nestrs", Nest, own),
            Contender::new("nestrs → NestJS 12", own, Nest),
            Contender::new(UPSTREAM, Upstream, Upstream),
        ];
        match self {
            Self::Tcp => all.push(Contender::new("tarpc", Tarpc, Tarpc)),
            Self::Grpc => all.push(Contender::new("nestrs, patterns", Nestrs, Nestrs)),
            Self::Nats | Self::RabbitMq => {
                all.push(Contender::new("RustStream", RustStream, RustStream));
            }
            Self::Redis | Self::Mqtt | Self::Kafka => {}
        }
        all
    }
}

pub(crate) const OURS: &str = "nestrs";
pub(crate) const RAW: &str = "raw driver";
pub(crate) const NEST: &str = "NestJS 12";
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

    /// We with ourselves: over gRPC, where everybody else has the methods of a service, we have them too.
    pub(crate) fn ours(transport: Transport) -> Self {
        let program = match transport {
            Transport::Grpc => Program::NestrsMethods,
            _ => Program::Nestrs,
        };
        Self::new(OURS, program, program)
    }

    /// Whether one of these takes part in it.
    pub(crate) fn needs(&self, programs: &[Program]) -> bool {
        programs.contains(&self.client) || programs.contains(&self.server)
    }

    /// Whether both sides are programs that processors run as they are.
    pub(crate) fn is_compiled(&self) -> bool {
        self.client.package().is_some() && self.server.package().is_some()
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
    /// The same with the methods of a service in the place of patterns.
    NestrsMethods,
    Raw,
    Nest,
    Upstream,
    Tarpc,
    RustStream,
}

impl Program {
    /// The package it is built from, unless it is not built.
    fn package(self) -> Option<&'static str> {
        match self {
            Self::Nestrs | Self::NestrsMethods => Some("peer-nestrs"),
            Self::Raw => Some("peer-raw"),
            Self::Upstream => Some("peer-upstream"),
            Self::Tarpc => Some("peer-tarpc"),
            Self::RustStream => Some("peer-ruststream"),
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
        match self {
            Self::NestrsMethods => command.arg(format!("{transport}-methods")),
            _ => command.arg(transport),
        };
        Ok(command)
    }
}

/// The packages are those of the interop tests.
fn nest_folder() -> PathBuf {
    Path::new(places::workspace()).join("../interop/node/nest12")
}

/// Builds what takes part, optimised, with cargo's own settings; what of it cannot be built is out of it, and returned.
pub(crate) fn build() -> Result<Vec<Program>, Error> {
    // What is built together shares the features of its dependencies. Of these they are the same; the others have some of their own.
    rounds::build(&["peer-nestrs", "peer-raw", "peer-tarpc"])?;
    let mut missing = Vec::new();
    for other in [Program::Upstream, Program::RustStream] {
        let package = other.package().into_iter().collect::<Vec<_>>();
        if let Err(error) = rounds::build(&package) {
            eprintln!("compare: {error}");
            missing.push(other);
        }
    }
    Ok(missing)
}

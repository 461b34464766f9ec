use crate::{Broker, Error, ports, recipe::Ports};

/// Which broker.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// nats-server, with JetStream.
    Nats,
    /// redis-server, with its append-only file on.
    Redis,
    /// rabbitmq-server.
    RabbitMq,
    /// Mosquitto, which speaks MQTT.
    Mosquitto,
    /// Apache Kafka, one node without ZooKeeper.
    Kafka,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 5] = [
        Self::Nats,
        Self::Redis,
        Self::RabbitMq,
        Self::Mosquitto,
        Self::Kafka,
    ];

    /// `nats`, `redis`, `rabbitmq`, `mqtt`, `kafka`: in the names of environment variables in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
            Self::Mosquitto => "mqtt",
            Self::Kafka => "kafka",
        }
    }

    /// The variable that names a broker of this kind which runs already: `NESTRS_NATS_URL`.
    pub fn variable(self) -> String {
        format!("NESTRS_{}_URL", self.name().to_ascii_uppercase())
    }
}

/// A broker to be started.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    pub(crate) kind: Kind,
    pub(crate) tls: Tls,
    pub(crate) users: Vec<(String, String)>,
    pub(crate) config: String,
    pub(crate) files: Vec<(&'static str, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tls {
    Off,
    Server,
    Mutual,
}

impl BrokerOptions {
    /// A broker with its usual settings: no TLS, nobody has to say who they are.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            tls: Tls::Off,
            users: Vec::new(),
            config: String::new(),
            files: Vec::new(),
        }
    }

    /// Clients have to use TLS, and to trust [`Broker::certificates`].
    pub fn tls(mut self) -> Self {
        self.tls = Tls::Server;
        self
    }

    /// As [`tls`](Self::tls), and clients need a certificate too.
    pub fn mutual_tls(mut self) -> Self {
        self.tls = Tls::Mutual;
        self
    }

    /// Clients have to be this user, or another one added like it. RabbitMQ takes one user.
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Adds lines to the broker's configuration file, in its own words.
    ///
    /// Relative paths in it start at the broker's folder; [`file`](Self::file) puts files there.
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self.config.push('\n');
        self
    }

    /// Adds a file to the broker's folder, a list of permissions for instance.
    pub fn file(mut self, name: &'static str, text: &str) -> Self {
        self.files.push((name, text.to_owned()));
        self
    }

    /// Starts the broker and waits until it answers.
    ///
    /// # Errors
    ///
    /// [`Error`]: it is not installed, it ended (a wrong [`config`](Self::config)), or it did not
    /// answer within 90 s.
    ///
    /// # Cancel safety
    ///
    /// What was started ends.
    pub async fn start(self) -> Result<Broker, Error> {
        loop {
            let mut broker = self.clone().later()?;
            match broker.restart().await {
                // Someone else was quicker to take the port.
                Err(Error::Exited { .. }) if !ports::is_free(broker.address().port()) => {}
                Err(error) => return Err(error),
                Ok(()) => return Ok(broker),
            }
        }
    }

    /// A broker whose address is known and that does not run: nothing listens there until
    /// [`restart`](Broker::restart).
    ///
    /// # Errors
    ///
    /// [`Error`]: no folder or no certificates could be made.
    pub fn later(self) -> Result<Broker, Error> {
        let ports = Ports {
            clients: ports::free_port(),
            probe: ports::free_port(),
            extra: [ports::free_port(), ports::free_port()],
        };
        Broker::new(self, ports)
    }
}

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use crate::{
    BrokerOptions, Certificates, Error, Kind,
    folder::Folder,
    kafka, mosquitto, nats,
    options::Tls,
    process::Process,
    rabbitmq, ready,
    recipe::{Ports, Recipe, Setting},
    redis,
};

/// A broker of our own. It ends when this is dropped.
///
/// Its log is kept, and the path printed, if a test panics or the broker fails to start.
#[derive(Debug)]
pub struct Broker {
    options: BrokerOptions,
    certificates: Option<Certificates>,
    ports: Ports,
    advertised: SocketAddr,
    prepared: bool,
    /// Before the folder: it goes when nobody uses it any more.
    processes: Vec<Process>,
    folder: Folder,
}

impl Broker {
    /// A NATS server, with JetStream.
    pub fn nats() -> BrokerOptions {
        BrokerOptions::new(Kind::Nats)
    }

    /// A Redis server; what was written survives [`kill`](Self::kill).
    pub fn redis() -> BrokerOptions {
        BrokerOptions::new(Kind::Redis)
    }

    /// A RabbitMQ node. It takes 4 s to start, and several times that on a busy machine.
    pub fn rabbitmq() -> BrokerOptions {
        BrokerOptions::new(Kind::RabbitMq)
    }

    /// A Mosquitto, for MQTT 3.1.1 and 5.
    pub fn mosquitto() -> BrokerOptions {
        BrokerOptions::new(Kind::Mosquitto)
    }

    /// An Apache Kafka node. It takes 5 s to start.
    pub fn kafka() -> BrokerOptions {
        BrokerOptions::new(Kind::Kafka)
    }

    pub(crate) fn new(options: BrokerOptions, ports: Ports) -> Result<Self, Error> {
        let folder = Folder::new(options.kind.name())?;
        let certificates = match options.tls {
            Tls::Off => None,
            Tls::Server | Tls::Mutual => Some(Certificates::new()?),
        };
        if let Some(certificates) = &certificates {
            certificates.write(folder.path())?;
        }
        Ok(Self {
            options,
            certificates,
            ports,
            advertised: (Ipv4Addr::LOCALHOST, ports.clients).into(),
            prepared: false,
            processes: Vec::new(),
            folder,
        })
    }

    /// Which broker this is.
    pub fn kind(&self) -> Kind {
        self.options.kind
    }

    /// Where it listens for clients; the same after a [`restart`](Self::restart).
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.clients).into()
    }

    /// The address as clients want it, `nats://127.0.0.1:20001`, without user and password. For
    /// Kafka it is `127.0.0.1:20001`.
    pub fn url(&self) -> String {
        self.url_by(self.address())
    }

    /// The same by way of someone else: [`Proxy::address`](crate::Proxy::address).
    pub fn url_by(&self, address: SocketAddr) -> String {
        let tls = self.options.tls != Tls::Off;
        let scheme = match self.options.kind {
            Kind::Nats if tls => "tls",
            Kind::Nats => "nats",
            Kind::Redis if tls => "rediss",
            Kind::Redis => "redis",
            Kind::RabbitMq if tls => "amqps",
            Kind::RabbitMq => "amqp",
            Kind::Mosquitto if tls => "mqtts",
            Kind::Mosquitto => "mqtt",
            // A list of brokers, and what TLS there is stands in the client's settings.
            Kind::Kafka => return address.to_string(),
        };
        format!("{scheme}://{address}")
    }

    /// Has a Kafka broker name someone else's address as its own from the next start on, which a
    /// proxy needs: clients ask a broker where it is. The others have no such thing.
    pub fn advertise(&mut self, address: SocketAddr) {
        self.advertised = address;
    }

    /// The certificates of a broker with TLS.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// The file it writes to what it does.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The process group the broker runs in, if it runs.
    pub fn process_group(&self) -> Option<u32> {
        self.processes.last().map(Process::id)
    }

    /// Starts it, on the same port and with the data it has, and waits until it answers. If it
    /// runs it is stopped first, in good order.
    ///
    /// # Errors
    ///
    /// As [`BrokerOptions::start`].
    ///
    /// # Cancel safety
    ///
    /// What was started runs on, and ends with this value.
    pub async fn restart(&mut self) -> Result<(), Error> {
        self.stop().await;
        let started = self.run().await;
        if started.is_err() {
            self.kill();
            self.folder.keep();
        }
        started
    }

    /// Stops it in good order, as an operator would.
    ///
    /// # Cancel safety
    ///
    /// It was asked to stop, and may stop later.
    pub async fn stop(&mut self) {
        // The broker before what it leans on.
        for process in self.processes.iter_mut().rev() {
            process.stop().await;
        }
        self.processes.clear();
    }

    /// Ends it at once (`SIGKILL`).
    pub fn kill(&mut self) {
        self.processes.iter_mut().rev().for_each(Process::kill);
        self.processes.clear();
    }

    /// Has it stand still (`SIGSTOP`): connections stay, nothing is answered.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it does not run.
    pub fn pause(&self) -> Result<(), Error> {
        self.told("pause", Process::pause)
    }

    /// Has it go on after [`pause`](Self::pause).
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it does not run.
    pub fn resume(&self) -> Result<(), Error> {
        self.told("resume", |broker| broker.signal("CONT"))
    }

    /// Leaves its folder with the log when it ends, and prints the path.
    pub fn keep_log(&mut self) {
        self.folder.keep();
        let log = self.log();
        eprintln!("the log of {}: {}", self.kind().name(), log.display());
    }

    fn told(
        &self,
        what: &str,
        tell: impl FnOnce(&Process) -> std::io::Result<()>,
    ) -> Result<(), Error> {
        let doing = || format!("{what} {}", self.options.kind.name());
        let Some(broker) = self.processes.last() else {
            let why = std::io::Error::other("it does not run");
            return Err(Error::io(doing())(why));
        };
        tell(broker).map_err(Error::io(doing()))
    }

    async fn run(&mut self) -> Result<(), Error> {
        let recipe = self.recipe()?;
        let (folder, log) = (self.folder.path().to_owned(), self.log());
        recipe.write_files(&folder)?;
        if !self.prepared {
            for step in &recipe.prepare {
                let doing = format!("run `{}` (see {})", step.program.display(), log.display());
                let process = Process::start(step, &folder, &log)?;
                process.succeed().await.map_err(Error::io(doing))?;
            }
            self.prepared = true;
        }
        for step in &recipe.run {
            let process = Process::start(step, &folder, &log)?;
            self.folder.owns(process.id());
            self.processes.push(process);
        }
        let kind = self.options.kind;
        let probe = (Ipv4Addr::LOCALHOST, recipe.probe).into();
        let plain = self.options.tls == Tls::Off || recipe.probe != self.ports.clients;
        match ready::wait(kind, probe, plain, &mut self.processes).await {
            ready::Ready::Yes => Ok(()),
            ready::Ready::Ended => Err(Error::Exited {
                broker: kind.name(),
                tail: tail(&log),
                log,
            }),
            ready::Ready::Silent => Err(Error::NotReady {
                broker: kind.name(),
                tail: tail(&log),
                log,
            }),
        }
    }

    fn recipe(&self) -> Result<Recipe, Error> {
        let setting = Setting {
            folder: self.folder.path(),
            options: &self.options,
            ports: self.ports,
            advertised: self.advertised.port(),
        };
        let mut recipe = match self.options.kind {
            Kind::Nats => nats::recipe(setting),
            Kind::Redis => redis::recipe(setting),
            Kind::RabbitMq => rabbitmq::recipe(setting),
            Kind::Mosquitto => mosquitto::recipe(setting),
            Kind::Kafka => kafka::recipe(setting),
        }?;
        recipe.files.extend(self.options.files.iter().cloned());
        Ok(recipe)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_log();
        }
    }
}

fn tail(log: &std::path::Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

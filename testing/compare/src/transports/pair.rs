use std::process::Command;
use std::time::Duration;

use load::orders::Order;
use nestrs_brokers::Broker;

use crate::proc;
use crate::transports::Transport;
use crate::transports::contenders::{Contender, Program};
use crate::transports::process::{Outcome, Process};

const PATIENCE: Duration = Duration::from_secs(6);

/// A server and its client, which run.
pub(crate) struct Pair {
    pub(crate) server: Process,
    client: Process,
    /// What an order may take beyond the time it is for.
    patience: Duration,
}

/// Processor time since some moment.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    pub(crate) client: Duration,
    pub(crate) server: Duration,
    pub(crate) broker: Duration,
}

impl Pair {
    pub(crate) fn start(
        transport: Transport,
        contender: &Contender,
        broker: Option<&Broker>,
    ) -> Result<Self, String> {
        Self::start_by(transport, contender, broker, PATIENCE, |_, command| command)
    }

    /// As [`start`](Self::start), with more or less patience and `wrap` around the command of each side.
    pub(crate) fn start_by(
        transport: Transport,
        contender: &Contender,
        broker: Option<&Broker>,
        patience: Duration,
        wrap: impl Fn(&str, Command) -> Command,
    ) -> Result<Self, String> {
        let command = |program: Program, side: &str| match program.command(side, transport.name()) {
            Ok(command) => Ok(wrap(side, command)),
            Err(error) => Err(error.to_string()),
        };
        let server = Process::start(
            command(contender.server, "server")?,
            &address(contender, broker),
        );
        let server = server.map_err(|why| format!("the server: {why}"))?;
        let client = Process::start(command(contender.client, "client")?, &server.address);
        let client = client.map_err(|why| format!("the client: {why}"))?;
        Ok(Self {
            server,
            client,
            patience,
        })
    }

    /// Has both sides end by themselves.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.client
            .end()
            .map_err(|why| format!("the client: {why}"))?;
        self.server
            .end()
            .map_err(|why| format!("the server: {why}"))
    }

    /// Has the client do something, and says what that cost.
    pub(crate) fn order(
        &mut self,
        order: &Order,
        broker: Option<&Broker>,
    ) -> Result<(Outcome, Cpu), String> {
        let seconds = match order {
            Order::Calls { seconds, .. }
            | Order::Paced { seconds, .. }
            | Order::Events { seconds, .. }
            | Order::Streams { seconds, .. } => Duration::from_secs_f64(*seconds),
            // Kafka takes its time to tell a new client where to read from.
            Order::Connections { times } => Duration::from_millis(60_000 + 20 * times),
            Order::Times { times, .. } => Duration::from_micros(500 * times),
        };
        let before = self.cpu(broker);
        let outcome = self.client.order(order, seconds + self.patience)?;
        Ok((outcome, self.cpu(broker) - before))
    }

    /// As [`order`](Self::order), and holds that nothing failed; how much was done.
    pub(crate) fn succeeds(
        &mut self,
        order: &Order,
        broker: Option<&Broker>,
    ) -> Result<u64, String> {
        match self.order(order, broker)?.0 {
            Outcome {
                failed: 0, done, ..
            } => Ok(done),
            Outcome { error, .. } => Err(error.unwrap_or_else(|| "something failed".to_owned())),
        }
    }

    /// Of the server and the client, in bytes.
    pub(crate) fn memory(&self) -> (u64, u64) {
        (self.server.memory(), self.client.memory())
    }

    fn cpu(&self, broker: Option<&Broker>) -> Cpu {
        Cpu {
            client: self.client.cpu(),
            server: self.server.cpu(),
            broker: broker
                .and_then(Broker::process_group)
                .map_or(Duration::ZERO, |group| {
                    proc::group(group).into_iter().map(proc::cpu).sum()
                }),
        }
    }
}

impl std::ops::Sub for Cpu {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            client: self.client.saturating_sub(before.client),
            server: self.server.saturating_sub(before.server),
            broker: self.broker.saturating_sub(before.broker),
        }
    }
}

pub(crate) fn start_server(
    transport: Transport,
    contender: &Contender,
    broker: Option<&Broker>,
) -> Result<Process, String> {
    let command = contender.server.command("server", transport.name());
    let command = command.map_err(|error| error.to_string())?;
    Process::start(command, &address(contender, broker)).map_err(|why| format!("the server: {why}"))
}

/// Of the broker, with a queue for whoever needs one, or any that is free.
fn address(contender: &Contender, broker: Option<&Broker>) -> String {
    match broker {
        Some(broker) => format!("{}#compare-{}", broker.url(), contender.slug()),
        None => "127.0.0.1:0".to_owned(),
    }
}

/// One application of ours for all `addresses`.
pub(crate) fn server_of_all(addresses: &str) -> Result<Process, String> {
    let command = Program::Nestrs.command("server", "all");
    Process::start(command.map_err(|error| error.to_string())?, addresses)
}

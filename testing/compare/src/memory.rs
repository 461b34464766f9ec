//! What a million calls and ten thousand connections leave in memory, and what an application costs that has nothing to do.

use std::fmt::Write;
use std::thread;
use std::time::Duration;

use load::orders::Order;
use nestrs_brokers::Broker;
use serde::Serialize;

use crate::error::Error;
use crate::settings::Settings;
use crate::transports::{Contender, Pair, Process, Transport, build, server_of_all};
use crate::{budgets, machine, results};

pub(crate) const TITLE: &str = "Memory";

/// Beyond what the same left the first time, when everything that is kept was made.
const LIMIT: f64 = 1.0;
const IDLE: Duration = Duration::from_secs(5);
/// With fewer connections the heap still grows, whoever connects: with each, threads that share its parts meet in another order. Clients of RabbitMQ
/// and Kafka have threads of their own: after as many, the next hundreds add less and less.
const FIRST: u64 = 1_000;
/// What was closed may still be ending: a connection of RabbitMQ's driver is a thread with 8 MB of its own.
const ENDING: Duration = Duration::from_secs(2);

#[derive(Default, Serialize)]
struct Measured {
    growth: Vec<Growth>,
    idle: Option<Idle>,
    failures: Vec<String>,
}

/// Megabytes, before and after.
#[derive(Serialize)]
struct Growth {
    transport: &'static str,
    what: String,
    server: (f64, f64),
    client: (f64, f64),
}

#[derive(Serialize)]
struct Idle {
    /// Of one processor.
    percent: f64,
    megabytes: f64,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    build()?;
    let runtime = crate::runtime()?;
    let mut brokers = Vec::new();
    let mut measured = Measured::default();
    for transport in Transport::ALL {
        eprintln!("memory: {}", transport.name());
        let broker = transport.start_broker(&runtime)?;
        if let Err(why) = growth(transport, settings, broker.as_ref(), &mut measured.growth) {
            measured
                .failures
                .push(format!("{}: {why}", transport.title()));
        }
        brokers.push((transport, broker));
    }
    eprintln!("memory: idle");
    match idle(&brokers) {
        Ok(idle) => measured.idle = Some(idle),
        Err(why) => measured.failures.push(format!("idle: {why}")),
    }
    let section = [
        format!("`cargo xtask compare memory{}`\n\n", settings.arguments()),
        machine::description(&["nestrs-core", "tokio"]),
        format!("\n{}", table(&measured)),
    ];
    if settings.is_quick() {
        println!("{}", section.concat());
        return results::keep("memory", &measured);
    }
    results::save("memory", TITLE, &section.concat(), &measured)
}

/// Each thing is done twice: a part of it first, which leaves what is kept for good.
fn growth(
    transport: Transport,
    settings: &Settings,
    broker: Option<&Broker>,
    growth: &mut Vec<Growth>,
) -> Result<(), String> {
    let mut pair = Pair::start(transport, &Contender::ours(transport), broker)?;
    let (calls, connections) = sizes(transport, settings);
    let bytes = 128;
    let of_calls = |times| Order::Times { bytes, times };
    let of_connections = |times| Order::Connections { times };
    for (what, first, then) in [
        ("calls", of_calls(calls / 10), of_calls(calls)),
        (
            "connections",
            of_connections((connections / 10).max(FIRST).min(connections)),
            of_connections(connections),
        ),
    ] {
        pair.succeeds(&first, broker)?;
        thread::sleep(ENDING);
        let before = pair.memory();
        let done = pair.succeeds(&then, broker)?;
        thread::sleep(ENDING);
        let after = pair.memory();
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        growth.push(Growth {
            transport: transport.title(),
            what: format!("{done} {what}"),
            server: (megabytes(before.0), megabytes(after.0)),
            client: (megabytes(before.1), megabytes(after.1)),
        });
    }
    // One that is killed is waited for by the next, where there are groups.
    pair.end()
}

/// How many calls and connections. RabbitMQ and Kafka would take minutes for as many as the others.
fn sizes(transport: Transport, settings: &Settings) -> (u64, u64) {
    let part = match transport {
        _ if settings.is_quick() => 100,
        Transport::RabbitMq | Transport::Kafka => 10,
        _ => 1,
    };
    let connections = match transport {
        // Kafka takes its time to tell a new client where to read from.
        Transport::Kafka => 1_000 / part,
        _ => 10_000 / part,
    };
    (1_000_000 / part, connections)
}

/// One application with a server of every transport and a client of each.
fn idle(brokers: &[(Transport, Option<Broker>)]) -> Result<Idle, String> {
    let addresses = brokers.iter().map(|(transport, broker)| {
        let address = broker.as_ref().map_or("127.0.0.1:0".to_owned(), |broker| {
            format!("{}#compare-idle", broker.url())
        });
        format!("{}={address}", transport.name())
    });
    let addresses: Vec<_> = addresses.collect();
    let application: Process = server_of_all(&addresses.join(","))?;
    thread::sleep(IDLE / 5);
    let before = application.cpu();
    thread::sleep(IDLE);
    let used = application.cpu().saturating_sub(before);
    Ok(Idle {
        percent: used.as_secs_f64() * 100.0 / IDLE.as_secs_f64(),
        megabytes: application.memory() as f64 / 1e6,
    })
}

fn table(measured: &Measured) -> String {
    let mut text = budgets::HEAD.to_owned();
    for Growth {
        transport,
        what,
        server,
        client,
    } in &measured.growth
    {
        let grown = [server, client].map(|(before, after)| after - before);
        let [at_server, at_client] = grown;
        let verdict = match at_server.max(at_client) <= LIMIT {
            true => "met",
            false => "**not met**",
        };
        text += &budgets::row(
            &format!("{transport}: {what} leave no growth"),
            &format!(
                "{at_server:+.2} MB at the server ({:.1} → {:.1}), {at_client:+.2} MB at the client ({:.1} → {:.1})",
                server.0, server.1, client.0, client.1
            ),
            verdict,
        );
    }
    let _ = writeln!(
        text,
        "\nResident memory after a tenth as many, which leaves what is kept for good, and after all of them; no growth is at most {LIMIT} MB of it. \
         A connection is made, called over once and closed. RabbitMQ and Kafka get fewer of either, for they would take minutes. A client of Kafka's is gone half a second after it was closed, so that several of them are there at a time, more among many than among a few."
    );
    if let Some(idle) = &measured.idle {
        let _ = writeln!(
            text,
            "\nAn application with a server and a client of every transport, all connected, with nothing to do: {:.2} % of one processor, {:.1} MB.",
            idle.percent, idle.megabytes
        );
    }
    for failure in &measured.failures {
        let _ = writeln!(text, "\n- {failure}");
    }
    text
}

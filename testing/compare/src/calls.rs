//! What a call costs on each side, in what hardly depends on the machine: instructions and allocations, as valgrind's callgrind counts
//! them in the same programs that are measured by time.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs};

use load::orders::Order;
use nestrs_brokers::Broker;
use serde::Serialize;

use crate::error::Error;
use crate::settings::Settings;
use crate::transports::{Contender, Pair, Transport, build, rows};
use crate::{figures, machine, results};

pub(crate) const TITLE: &str = "Calls, counted";

const FEW: u64 = 500;
const MORE: u64 = 1_500;
/// Everything takes fifty times as long.
const PATIENCE: Duration = Duration::from_secs(60);
const BYTES: usize = rows::SMALL;

#[derive(Default, Serialize)]
struct Measured {
    counts: Vec<Counts>,
    failures: Vec<String>,
}

#[derive(Serialize)]
struct Counts {
    transport: &'static str,
    contender: &'static str,
    client: Count,
    server: Count,
}

/// Of one call.
#[derive(Clone, Copy, Default, Serialize)]
struct Count {
    instructions: f64,
    allocations: f64,
}

pub(crate) fn run(settings: &Settings) -> Result<(), Error> {
    let missing = build()?;
    let runtime = crate::runtime()?;
    let mut measured = Measured::default();
    for transport in Transport::ALL {
        let broker = transport.start_broker(&runtime);
        let broker = broker.map_err(|error| error.to_string());
        for contender in transport.contenders() {
            if !contender.is_compiled() || contender.needs(&missing) {
                continue;
            }
            eprintln!("calls: {}: {}", transport.name(), contender.name);
            let counted = match &broker {
                Ok(broker) => count(transport, &contender, broker.as_ref()),
                Err(why) => Err(why.clone()),
            };
            match counted {
                Ok(counts) => measured.counts.push(counts),
                Err(why) => {
                    let (transport, contender) = (transport.title(), contender.name);
                    let failure = format!("{transport}, {contender}: {why}");
                    eprintln!("calls: {failure}");
                    measured.failures.push(failure);
                }
            }
        }
    }
    let section = [
        format!("`cargo xtask compare calls{}`\n\n", settings.arguments()),
        machine::description(&["nestrs-core", "tokio"]),
        format!("- {}\n\n", machine::output("valgrind", &["--version"])),
        table(&measured),
    ]
    .concat();
    if settings.is_quick() {
        println!("{section}");
        return results::keep("calls", &measured);
    }
    results::save("calls", TITLE, &section, &measured)
}

/// What a call adds to a run.
fn count(
    transport: Transport,
    contender: &Contender,
    broker: Option<&Broker>,
) -> Result<Counts, String> {
    let [few, more] = [FEW, MORE].map(|times| total(transport, contender, broker, times));
    let (few, more) = (few?, more?);
    let each = |side: fn(&(Count, Count)) -> Count| {
        let (few, more) = (side(&few), side(&more));
        let calls = (MORE - FEW) as f64;
        Count {
            instructions: (more.instructions - few.instructions) / calls,
            allocations: (more.allocations - few.allocations) / calls,
        }
    };
    Ok(Counts {
        transport: transport.title(),
        contender: contender.name,
        client: each(|(client, _)| *client),
        server: each(|(_, server)| *server),
    })
}

/// Of a client and a server from their start to their end, with so many calls between.
fn total(
    transport: Transport,
    contender: &Contender,
    broker: Option<&Broker>,
    times: u64,
) -> Result<(Count, Count), String> {
    let file = |side: &str| env::temp_dir().join(format!("compare-{}-{side}", std::process::id()));
    let mut pair = Pair::start_by(transport, contender, broker, PATIENCE, |side, command| {
        callgrind(&file(side), &command)
    })?;
    pair.succeeds(
        &Order::Times {
            bytes: BYTES,
            times,
        },
        broker,
    )?;
    pair.end()?;
    let [client, server] = ["client", "server"].map(|side| read(&file(side)));
    Ok((client?, server?))
}

fn callgrind(out: &Path, program: &Command) -> Command {
    let mut valgrind = Command::new("valgrind");
    let mut file = std::ffi::OsString::from("--callgrind-out-file=");
    file.push(out);
    valgrind.args(["--tool=callgrind", "--compress-strings=no", "--quiet"]);
    // Otherwise a thread that waits for none may keep the others from running.
    valgrind.arg("--fair-sched=try").arg(file);
    valgrind.arg(program.get_program()).args(program.get_args());
    valgrind
}

fn read(file: &PathBuf) -> Result<Count, String> {
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let _ = fs::remove_file(file);
    parse(&text).ok_or_else(|| "callgrind left no figure".to_owned())
}

/// A function that is called stands in a line of its own, with how often in the next.
fn parse(text: &str) -> Option<Count> {
    const ALLOCATE: [&str; 5] = [
        "malloc",
        "calloc",
        "realloc",
        "posix_memalign",
        "aligned_alloc",
    ];
    let mut count = Count::default();
    let mut is_allocation = false;
    let mut total = None;
    for line in text.lines() {
        if let Some(function) = line.strip_prefix("cfn=") {
            let name = function.split(['\'', '@']).next().unwrap_or(function);
            is_allocation = ALLOCATE.contains(&name);
        } else if let Some(calls) = line.strip_prefix("calls=") {
            if is_allocation {
                count.allocations += calls.split(' ').next()?.parse::<f64>().ok()?;
            }
        } else if let Some(sum) = line.strip_prefix("totals: ") {
            total = sum.trim().parse().ok();
        }
    }
    count.instructions = total?;
    Some(count)
}

fn table(measured: &Measured) -> String {
    let mut text = "\
| a call of 128 B, 64 at once | instructions: client | server | allocations: client | server |
|---|---:|---:|---:|---:|
"
    .to_owned();
    for counts in &measured.counts {
        let Counts {
            transport,
            contender,
            client,
            server,
        } = counts;
        let [client, server] = [client, server].map(|count| {
            let instructions = format!("{:.1} k", count.instructions / 1e3);
            (instructions, figures::digits(count.allocations))
        });
        let _ = writeln!(
            text,
            "| {transport}: {contender} | {} | {} | {} | {} |",
            client.0, server.0, client.1, server.1
        );
    }
    let _ = writeln!(
        text,
        "\nWhat {} calls more than {FEW} take. Instructions are those of the programs, not of the system. valgrind runs one thread at a time, so \
         that it is not quite what runs otherwise: how many packets are read and written together differs, and what goes on all the while, as in \
         Kafka's driver, weighs more. Our servers take their handlers for slow there, and give each message a task, which they do not otherwise. Clients check replies, and make the calls.",
        MORE - FEW
    );
    for failure in &measured.failures {
        let _ = writeln!(text, "\n- {failure}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocations_are_what_is_called() {
        let text = "\
fn=main
10 5
cfn=malloc
calls=3 0
10 100
cfn=free
calls=9 0
10 50
cfn=realloc'2
calls=2 0
10 60
totals: 215
";
        let Count {
            instructions,
            allocations,
        } = parse(text).unwrap();
        assert_eq!((instructions, allocations), (215.0, 5.0));
        assert!(parse("fn=main\n").is_none());
    }
}

//! What messages cost, in what repeats: the instructions that valgrind's callgrind counts, and allocations.

use std::collections::BTreeMap;
use std::fmt;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::{places, rounds};

/// What each kind of message costs, by name.
pub(crate) type Costs = BTreeMap<String, Cost>;

/// Of one message.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    pub(crate) allocations: u64,
}

/// Figures, and what they hold for: another compiler makes other instructions of the same source, and the C library brings the allocator
/// and what copies memory. The processor hardly matters: valgrind shows programs one of its own.
#[derive(Deserialize, Serialize)]
pub(crate) struct Counted {
    pub(crate) with: String,
    pub(crate) costs: Costs,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            instructions,
            allocations,
        } = self;
        write!(
            f,
            "{instructions} instructions and {allocations} allocations"
        )
    }
}

impl Counted {
    /// Builds the programs `<path>-instructions` and `<path>-allocations`, and has them count.
    pub(crate) fn now(path: &str) -> Result<Self, Error> {
        build(path)?;
        let costs = allocations(path)?.into_iter().map(|(name, allocations)| {
            let instructions = instructions(path, &name)?;
            let cost = Cost {
                instructions,
                allocations,
            };
            Ok((name, cost))
        });
        Ok(Self {
            with: [output("rustc", &["--version"])?, libc()?].join(", "),
            costs: costs.collect::<Result<_, Error>>()?,
        })
    }
}

/// `lto = "fat"`, as those we are held against were built.
pub(crate) const PROFILE: &str = "counted";

pub(crate) fn build(path: &str) -> Result<(), Error> {
    rounds::finish(rounds::cargo().args(["build", "--profile", PROFILE, "--package", path]))
}

fn allocations(path: &str) -> Result<BTreeMap<String, u64>, Error> {
    let program = program(path, "allocations")?;
    let text = output(&program, &[])?;
    serde_json::from_str(&text).map_err(Error::json(program))
}

/// What a message adds to a run.
fn instructions(path: &str, name: &str) -> Result<u64, Error> {
    const FEW: u64 = 2_000;
    const MORE: u64 = 4_000;
    eprintln!("counting: {name}");
    let program = program(path, "instructions")?;
    let collected = |times| collected(&program, name, times);
    Ok((collected(MORE)? - collected(FEW)?) / (MORE - FEW))
}

/// Hash maps are seeded by chance, so what makes the application leaves the heap in another order each time. Where the C library keeps
/// more than its usual seven freed blocks of a size at hand, messages do not come across that.
const HEAP: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.tcache_count=200");

/// What callgrind counts in a run of so many messages.
fn collected(program: &str, name: &str, times: u64) -> Result<u64, Error> {
    let mut valgrind = Command::new("valgrind");
    valgrind.env(HEAP.0, HEAP.1);
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    valgrind.args([program, name, &times.to_string()]);
    let said = valgrind.stdin(Stdio::null()).output();
    let said = said.map_err(Error::io("cannot run `valgrind`"))?;
    let text = String::from_utf8_lossy(&said.stderr);
    let count = text
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let count = count.and_then(|(_, count)| count.trim().parse().ok());
    count.ok_or_else(|| Error::Missing {
        row: name.to_owned(),
        column: "callgrind".to_owned(),
    })
}

fn program(path: &str, what: &str) -> Result<String, Error> {
    let program = places::target()?.join(format!("{PROFILE}/{path}-{what}"));
    Ok(program.to_string_lossy().into_owned())
}

/// `ldd (Debian GLIBC 2.41-12) 2.41`
fn libc() -> Result<String, Error> {
    let text = output("ldd", &["--version"])?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn output(program: &str, args: &[&str]) -> Result<String, Error> {
    let output = Command::new(program).args(args).output();
    let output = output.map_err(Error::io(format!("cannot run `{program}`")))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
        false => Err(Error::Failed {
            program: program.to_owned(),
            status: output.status,
        }),
    }
}

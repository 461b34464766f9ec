//! What the pipeline has to come to, whether it does, and what each part of it costs.

use std::fmt::Write;

use super::{Measured, READING};
use crate::cost::Cost;
use crate::error::Error;
use crate::figures::{self, Figures, Spread};

const TIME: &str = "time";
const BARE: &str = "request";
const ALL_THREE: &str = "request, all three";

pub(super) fn budgets(measured: &Measured) -> Result<String, Error> {
    let mut table = "| budget | measured | |\n|---|---|---|\n".to_owned();
    for (figures, budget) in [
        (
            &measured.time,
            "one guard, one pipe and one interceptor: at most 300 ns more a message",
        ),
        (
            &measured.time_as_counted,
            "the same in a build with `lto = \"fat\"`, in which instructions are counted",
        ),
    ] {
        let added = added(figures, ALL_THREE)?;
        let verdict = added.verdict(300.0);
        let _ = writeln!(table, "| {budget} | {added} ns | {verdict} |");
    }
    for (name, budget, instructions, allocations) in [
        ("event", "an event: at most 1,700 instructions", 1_700, None),
        (
            BARE,
            "a request and its reply: at most 9,300 instructions and 13 allocations",
            9_300,
            Some(13),
        ),
        (
            "send",
            "the same from a client to a server in memory and back",
            9_300,
            Some(13),
        ),
    ] {
        let cost = cost(measured, name)?;
        let is_met = cost.instructions <= instructions
            && allocations.is_none_or(|most| cost.allocations <= most);
        let verdict = if is_met { "met" } else { "**not met**" };
        let _ = writeln!(table, "| {budget} | {cost} | {verdict} |");
    }
    let reading = cost(measured, READING)?.instructions;
    let _ = write!(
        table,
        "
The 1,700, 9,300 and 13 are what RustStream publishes of itself. Each message is `{{\"id\":1000000,\"quantity\":37}}`, read into a struct by \
serde, which alone takes {reading} instructions; for a reply the JSON of another struct is written. `event` and `request` are handed to the \
dispatcher as a server hands them on; `emit` and `send` go through a client and a server in memory, tasks and time-outs included.
"
    );
    table.push_str(PROFILE);
    Ok(table)
}

/// What callgrind showed when the last of it was cut.
const PROFILE: &str = "
Where the instructions go, as callgrind has it:

- *event*, 1,830: 870 are serde's, of which 130 are for bytes that might be no text; 265 the allocator's, for the message and for the one future; \
120 find the handler. What is left puts together what the handler is told, polls it within a `catch_unwind` and drops it all. RustStream publishes no allocation \
for the same: the loop that reads messages awaits the handler in place. Ours is behind the one interface of all transports, whose future has to lie \
somewhere. It was 1,812 when \
the message was in no box, but that box makes everything faster: whatever takes a message on copies a pointer, where it copied 256 bytes that had just been \
written, for which processors wait. Beside each other an event took 158 ns without it and 144 with it, and the three below 385 and 332 more.
- *guard, pipe and interceptor*, 2,510 more than a bare request: 770 are the allocator's, for the boxed futures of the guard, the interceptor and the \
pipe, and for the `Value` of the pipe; 350 more read that `Value`, 270 drop it, 170 make the struct of it. The traits promise `async fn`s that take a \
`Value`, so boxes and `Value` stay. In time, a third is that `Value`; in the rest no place stands out, but a dozen of them wait 5 ns each for an answer \
of 56 bytes that was just written elsewhere. The handler lies in the future of what is around it: while it had a box of its own, it was 2,820 instructions, \
and 25 ns more, or 45 with `lto = \"fat\"`.
- *send*, 7,060: 1,260 are the allocator's, 460 copy, and serde has four pieces of JSON. The handler is done when its message is handed over, so \
neither a task nor a timer is made.
";

pub(super) fn costs(measured: &Measured) -> Result<String, Error> {
    let mut table = "| | time | more than `request` | instructions | allocations |\n|---|---:|---:|---:|---:|\n".to_owned();
    for (name, cost) in &measured.counted.costs {
        let time = measured.time.spread(TIME, name).ok();
        let time = time.map_or(String::new(), |time| figures::time(time.middle));
        let more = match name == BARE {
            true => String::new(),
            false => added(&measured.time, name).map_or(String::new(), |more| format!("{more} ns")),
        };
        let Cost {
            instructions,
            allocations,
        } = cost;
        let _ = writeln!(
            table,
            "| {name} | {time} | {more} | {instructions} | {allocations} |"
        );
    }
    table.push_str(
        "
The guard looks at a header, the pipe gives the payload back as the `Value` it got, the interceptor calls what is behind it: each does as little as \
one can. A pipe costs most, since the payload becomes a `Value` for it. Instructions are counted by callgrind in a build with `lto = \"fat\"`, \
allocations by an allocator that counts; `cargo xtask cost` holds both to what is committed in `pipeline/cost.json`. \
Times are the middle of the rounds, with the least and the most in parentheses; a round counts its fastest sample.
",
    );
    Ok(table)
}

fn cost(measured: &Measured, name: &str) -> Result<Cost, Error> {
    let cost = measured.counted.costs.get(name).copied();
    cost.ok_or_else(|| Error::Missing {
        row: name.to_owned(),
        column: "cost".to_owned(),
    })
}

/// How many nanoseconds more than a bare request, round by round.
fn added(figures: &Figures, name: &str) -> Result<Spread, Error> {
    let missing = || Error::Missing {
        row: TIME.to_owned(),
        column: name.to_owned(),
    };
    let [bare, more] = [BARE, name].map(|name| figures.get(TIME, name));
    let (bare, more) = (bare.ok_or_else(missing)?, more.ok_or_else(missing)?);
    Ok(Spread::of(
        more.iter().zip(bare).map(|(more, bare)| more - bare),
    ))
}

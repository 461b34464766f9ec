//! Messages over one transport: ours beside the raw driver, NestJS with itself and with us, and other frameworks.
//!
//! # Layout
//! [`contenders`]: who takes part, and what is built for it. [`rows`]: what each is told to do. [`turns`]: everybody does it, one after the other.
//! `pair`: a server and a client that run; `process`: one of them. [`measured`]: the figures. [`tables`], [`notes`], [`budgets`],
//! [`picture`]: what is written of them.

mod budgets;
mod contenders;
mod measured;
mod notes;
mod pair;
mod picture;
mod process;
pub(crate) mod rows;
mod tables;
mod turns;

use crate::error::Error;
use crate::settings::Settings;
use crate::{machine, results};

pub(crate) use contenders::{Contender, Transport, build};
pub(crate) use pair::{Pair, server_of_all};
pub(crate) use process::Process;

pub(crate) fn run(transport: Transport, settings: &Settings) -> Result<(), Error> {
    let name = transport.name();
    let missing = build()?;
    let measured = turns::run(transport, settings, missing)?;
    let chart = match settings.is_quick() {
        true => String::new(),
        false => picture::draw(transport, &measured)?,
    };
    let section = [
        format!("`cargo xtask compare {name}{}`\n\n", settings.arguments()),
        machine::description(&transport.crates()),
        machine::peers(),
        transport
            .broker_package()
            .map(machine::broker)
            .unwrap_or_default(),
        format!("\n{}", budgets::table(transport, &measured)),
        format!("\n{chart}\n\n"),
        tables::all(transport, &measured),
    ];
    if settings.is_quick() {
        println!("{}", section.concat());
        return results::keep(name, &measured);
    }
    results::save(name, transport.title(), &section.concat(), &measured)
}

use crate::chart;
use crate::error::Error;
use crate::transports::Transport;
use crate::transports::measured::Measured;
use crate::transports::{rows, tables};

/// Calls a second, 64 at once, as `charts/<transport>.svg`; what is written of it in Markdown.
pub(super) fn draw(transport: Transport, measured: &Measured) -> Result<String, Error> {
    let main = rows::main();
    let contenders = transport.contenders().into_iter();
    let bars: Vec<_> = contenders
        .filter_map(|contender| {
            let spread = measured.rate.spread(&main, contender.name).ok()?;
            let label = tables::thousands(spread.middle);
            Some((contender.name, spread, label))
        })
        .collect();
    let title = format!("{}: calls a second, {main}", transport.title());
    chart::save(transport.name(), &title, &bars)
}

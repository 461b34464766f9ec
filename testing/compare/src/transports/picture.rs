use std::fs;

use crate::error::Error;
use crate::transports::Transport;
use crate::transports::measured::Measured;
use crate::transports::{rows, tables};
use crate::{chart, places};

/// Calls a second, 64 at once, as `charts/<transport>.svg`.
pub(super) fn draw(transport: Transport, measured: &Measured) -> Result<(), Error> {
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
    let folder = places::workspace().join("charts");
    fs::create_dir_all(&folder).map_err(Error::io(format!("cannot make {}", folder.display())))?;
    let file = folder.join(format!("{}.svg", transport.name()));
    let text = chart::bars(&title, &bars);
    fs::write(&file, text).map_err(Error::io(format!("cannot write {}", file.display())))
}

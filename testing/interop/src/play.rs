use std::fmt;

use crate::{Caller, Case, Error};

/// Who talks to whom over what, as a line of the report names it.
pub struct Direction {
    transport: &'static str,
    client: String,
    server: String,
}

impl Direction {
    /// For instance `Direction::new("tcp", Nest::V12, "nestrs")`.
    pub fn new(
        transport: &'static str,
        client: impl fmt::Display,
        server: impl fmt::Display,
    ) -> Self {
        Self {
            transport,
            client: client.to_string(),
            server: server.to_string(),
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transport,
            client,
            server,
        } = self;
        write!(f, "{transport:<8} {client} client -> {server} server")
    }
}

/// Goes through `cases`, in order, with a server that was just started. Prints a line for each.
///
/// # Errors
///
/// [`Error::Cases`] with every case that did not go as expected, or the first error of the client.
pub async fn play(
    direction: &Direction,
    caller: &impl Caller,
    cases: &[Case],
) -> Result<(), Error> {
    let mut failed = Vec::new();
    for case in cases {
        let fault = case
            .fault(caller)
            .await
            .inspect_err(|_| report(direction, case, "FAILED"))?;
        report(
            direction,
            case,
            if fault.is_some() { "FAILED" } else { "ok" },
        );
        failed.extend(fault.map(|fault| format!("{direction}  {}: {fault}", case.name)));
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::Cases(failed))
    }
}

fn report(direction: &Direction, case: &Case, outcome: &str) {
    println!("{direction}  {:<27}  {outcome}", case.name);
}

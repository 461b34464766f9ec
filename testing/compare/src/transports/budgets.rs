use std::fmt::Write;

use crate::figures::Spread;
use crate::transports::Transport;
use crate::transports::contenders::{OURS, RAW, UPSTREAM};
use crate::transports::measured::Measured;
use crate::transports::rows;

/// What ours has to come to, 64 calls of 128 B at once.
pub(super) fn table(transport: Transport, measured: &Measured) -> String {
    let mut text = "| budget | measured | |\n|---|---|---|\n".to_owned();
    for (budget, against, verdict) in budgets(transport) {
        let main = rows::main();
        let ratio = measured.rate.ratio((&main, OURS), (&main, against));
        let (measured, verdict) = match ratio {
            Ok(ratio) => (format!("{ratio} ×"), verdict(&ratio)),
            Err(_) => ("nothing".to_owned(), "**not measured**"),
        };
        let _ = writeln!(text, "| {budget} | {measured} | {verdict} |");
    }
    text
}

type Budget = (&'static str, &'static str, fn(&Spread) -> &'static str);

fn budgets(transport: Transport) -> Vec<Budget> {
    match transport {
        Transport::Tcp => vec![(
            "at least 0.9 × the calls of a tokio echo with the same framing, JSON and batched writes",
            RAW,
            |ratio| ratio.verdict_at_least(0.9),
        )],
        Transport::Grpc
        | Transport::Nats
        | Transport::Redis
        | Transport::Mqtt
        | Transport::Kafka => vec![within_raw()],
        Transport::RabbitMq => vec![
            within_raw(),
            (
                "at least 10 × the calls of nestrs 1.6.0",
                UPSTREAM,
                |ratio| ratio.verdict_at_least(10.0),
            ),
        ],
    }
}

fn within_raw() -> Budget {
    (
        "the calls of the raw driver, within the spread",
        RAW,
        |ratio| match ratio.most >= 1.0 {
            true => "met",
            false => "**not met**",
        },
    )
}

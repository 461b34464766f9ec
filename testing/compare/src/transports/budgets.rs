use crate::budgets::{HEAD, row};
use crate::figures::{self, Spread};
use crate::transports::Transport;
use crate::transports::contenders::{OURS, RAW, UPSTREAM};
use crate::transports::measured::Measured;
use crate::transports::rows::{self, SMALL};

/// What ours has to come to; where nothing else is said, 64 calls of 128 B at once.
pub(super) fn table(transport: Transport, measured: &Measured) -> String {
    let rate_beside = |other| {
        let main = rows::main();
        measured.rate.ratio((&main, OURS), (&main, other)).ok()
    };
    let within_raw = |ratio: &Spread| {
        let rate = |contender| measured.rate.spread(&rows::main(), contender);
        let reaches_least =
            matches!((rate(OURS), rate(RAW)), (Ok(ours), Ok(raw)) if ours.middle >= raw.least);
        match ratio.most >= 1.0 || reaches_least {
            true => "met",
            false => "**not met**",
        }
    };
    let mut text = HEAD.to_owned();
    let mut add = |budget: &str,
                   unit: &str,
                   figure: Option<Spread>,
                   verdict: &dyn Fn(&Spread) -> &'static str| {
        text += &match figure {
            Some(figure) => row(budget, &format!("{figure} {unit}"), verdict(&figure)),
            None => row(budget, "nothing", "**not measured**"),
        };
    };
    match transport {
        Transport::Tcp => add(
            "at least 0.9 × the calls of a tokio echo with the same framing, JSON and batched writes",
            "×",
            rate_beside(RAW),
            &|ratio| ratio.verdict_at_least(0.9),
        ),
        _ => add(
            "the calls of the raw driver, within the spread",
            "×",
            rate_beside(RAW),
            &within_raw,
        ),
    }
    match transport {
        Transport::RabbitMq => add(
            "at least 10 × the calls of nestrs 1.6.0",
            "×",
            rate_beside(UPSTREAM),
            &|ratio| ratio.verdict_at_least(10.0),
        ),
        Transport::Mqtt => {
            let alone = measured.p50.spread(&rows::calls(1, SMALL), OURS).ok();
            let alone = alone.map(|microseconds| microseconds.map(|each| each / 1e3));
            add(
                "one call at a time takes less than 2 ms, by the median",
                "ms",
                alone,
                &|time| time.verdict(2.0),
            );
        }
        _ => {}
    }
    text + &floor(measured)
}

/// Where the processors' time goes when ours and the raw driver do the same.
fn floor(measured: &Measured) -> String {
    let main = rows::main();
    let cpu = |contender| {
        let all = [
            &measured.cpu_of_client,
            &measured.cpu_of_server,
            &measured.cpu_of_broker,
        ];
        let each = all.map(|figures| {
            figures
                .spread(&main, contender)
                .map_or(0.0, |spread| spread.middle)
        });
        let at_broker = match each[2] > 0.0 {
            true => format!(", {} at the broker", figures::digits(each[2])),
            false => String::new(),
        };
        let [client, server, _] = each.map(figures::digits);
        format!(
            "{client} µs of processor time a call at the client, {server} at the server{at_broker}"
        )
    };
    match measured.rate.spread(&main, RAW) {
        Ok(_) => format!("\nOurs takes {}; the raw driver {}.\n", cpu(OURS), cpu(RAW)),
        Err(_) => String::new(),
    }
}

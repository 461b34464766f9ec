use std::collections::BTreeMap;
use std::fmt::Write;

use crate::figures::{self, Figures};
use crate::transports::Transport;
use crate::transports::contenders::OURS;
use crate::transports::measured::{Measured, SERVER};
use crate::transports::notes;
use crate::transports::rows::{self, EVENTS, HALF, LARGE, SMALL, STREAMS};

pub(crate) fn all(transport: Transport, measured: &Measured) -> String {
    let mut calls = Vec::new();
    for bytes in [SMALL, LARGE] {
        calls.extend([1, 64, 256].map(|at_once| rows::calls(at_once, bytes)));
    }
    let (mut rates, mut latencies) = (calls.clone(), calls);
    rates.extend([EVENTS.to_owned(), STREAMS.to_owned()]);
    latencies.push(HALF.to_owned());
    [
        table(transport, "a second", &rates, |row, name| {
            rate(&measured.rate, row, name)
        }),
        table(transport, "p50, p99", &latencies, |row, name| {
            let times = [&measured.p50, &measured.p99].map(|figures| middle(figures, row, name));
            let [Some(p50), Some(p99)] = times.map(|time| Some(figures::time(time? * 1e3))) else {
                return String::new();
            };
            format!("{p50}, {p99}")
        }),
        cost(transport, measured),
        notes::of(transport),
        remarks(measured),
    ]
    .join("\n")
}

/// What else it takes, at the row that budgets are of.
fn cost(transport: Transport, measured: &Measured) -> String {
    let main = rows::main();
    let columns: [(&str, &Figures, &str); 6] = [
        ("µs of CPU a call: client", &measured.cpu_of_client, &main),
        ("server", &measured.cpu_of_server, &main),
        ("broker", &measured.cpu_of_broker, &main),
        ("ready after, ms", &measured.start_up, SERVER),
        ("MB at the end: client", &measured.memory_of_client, SERVER),
        ("server ", &measured.memory_of_server, SERVER),
    ];
    let titles = columns.map(|(title, ..)| title.to_owned());
    table(transport, &main, &titles, |title, name| {
        let column = columns.iter().find(|(other, ..)| *other == title);
        let figure = column.and_then(|(_, figures, row)| middle(figures, row, name));
        let figure = figure.filter(|figure| *figure > 0.0);
        figure.map(figures::digits).unwrap_or_default()
    })
}

/// What failed, and what was lost.
fn remarks(measured: &Measured) -> String {
    let mut text = String::new();
    for (contender, rows) in measured.failures.iter().chain(&measured.losses) {
        // The same may have kept it from several.
        let mut by_reason = BTreeMap::<_, Vec<_>>::new();
        for (row, why) in rows {
            by_reason.entry(why.trim()).or_default().push(row.as_str());
        }
        for (why, rows) in by_reason {
            let _ = writeln!(text, "- {contender}: {}: {why}", rows.join("; "));
        }
    }
    text
}

fn table(
    transport: Transport,
    corner: &str,
    columns: &[String],
    cell: impl Fn(&str, &str) -> String,
) -> String {
    let mut text = format!(
        "| {corner} | {} |\n|---|{}\n",
        columns.join(" | "),
        "---:|".repeat(columns.len())
    );
    for contender in transport.contenders() {
        let cells = columns.iter().map(|column| cell(column, contender.name));
        let cells: Vec<_> = cells.collect();
        let _ = writeln!(text, "| {} | {} |", contender.name, cells.join(" | "));
    }
    text
}

/// `213 k, 0.52 (0.50–0.54)`
fn rate(rates: &Figures, row: &str, contender: &str) -> String {
    let Some(middle) = middle(rates, row, contender) else {
        return "–".to_owned();
    };
    let shown = thousands(middle);
    match rates.ratio((row, contender), (row, OURS)) {
        Ok(ratio) if contender != OURS => {
            let sign = if ratio.is_indistinguishable() {
                "≈ "
            } else {
                ""
            };
            format!("{shown}, {sign}{ratio}")
        }
        _ => shown,
    }
}

pub(super) fn thousands(rate: f64) -> String {
    match rate {
        _ if rate >= 1e6 => format!("{} M", figures::digits(rate / 1e6)),
        _ if rate >= 1e3 => format!("{} k", figures::digits(rate / 1e3)),
        _ => figures::digits(rate),
    }
}

fn middle(figures: &Figures, row: &str, contender: &str) -> Option<f64> {
    figures
        .spread(row, contender)
        .ok()
        .map(|spread| spread.middle)
}

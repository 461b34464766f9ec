use load::orders::Order;

use crate::settings::Settings;

pub(crate) const SMALL: usize = 128;
pub(crate) const LARGE: usize = 4_096;

/// What everybody is told to do.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) what: What,
}

pub(crate) enum What {
    Order(Order),
    /// So many calls a second as are half of what it has reached before.
    HalfOfPeak,
}

pub(crate) const EVENTS: &str = "events";
pub(crate) const STREAMS: &str = "numbers in streams";
pub(crate) const HALF: &str = "half of the peak rate";

pub(crate) fn calls(at_once: usize, bytes: usize) -> String {
    format!("{at_once} at once, {bytes} B")
}

/// The row that budgets are of, and that a peak is taken from.
pub(crate) fn main() -> String {
    calls(64, SMALL)
}

pub(crate) fn all(settings: &Settings) -> Vec<Row> {
    let seconds = settings.seconds;
    let mut rows = Vec::new();
    for bytes in [SMALL, LARGE] {
        for at_once in [1, 64, 256] {
            let order = Order::Calls {
                bytes,
                at_once,
                seconds,
            };
            rows.push(Row {
                name: calls(at_once, bytes),
                what: What::Order(order),
            });
        }
    }
    let mut others = vec![
        (
            EVENTS,
            What::Order(Order::Events {
                bytes: SMALL,
                seconds,
            }),
        ),
        (
            STREAMS,
            What::Order(Order::Streams {
                numbers: 1_000,
                at_once: 8,
                seconds,
            }),
        ),
        (HALF, What::HalfOfPeak),
    ];
    rows.extend(others.drain(..).map(|(name, what)| Row {
        name: name.to_owned(),
        what,
    }));
    rows
}

/// What has Node.js compile what it will run, and everybody connect.
pub(crate) fn warm_up(settings: &Settings) -> Order {
    Order::Calls {
        bytes: SMALL,
        at_once: 64,
        seconds: settings.seconds,
    }
}

//! The promises, one file each.

mod errors;
mod faults;
mod limits;
mod payloads;
mod requests;
mod services;
mod shutdown;
mod starts;
mod streams;
mod wildcards;

use std::{future::Future, pin::Pin, sync::Arc};

use crate::{Candidate, Failure, Replicas, Row};

/// What a case makes of a transport.
pub(crate) type Outcome = Pin<Box<dyn Future<Output = Result<Row, Failure>> + Send>>;

pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Whether a transport declares what the case is about.
    pub(crate) applies: fn(&dyn Candidate) -> bool,
    /// Whether it mostly waits, so that others of its kind run beside it.
    pub(crate) waits: bool,
    pub(crate) run: fn(Arc<dyn Candidate>) -> Outcome,
}

/// A case that needs the machine to itself.
macro_rules! works {
    ($name:literal, $run:path, $applies:expr) => {
        Case {
            name: $name,
            applies: $applies,
            waits: false,
            run: |candidate| Box::pin($run(candidate)),
        }
    };
}

/// A case that mostly waits.
macro_rules! waits {
    ($name:literal, $run:path, $applies:expr) => {
        Case {
            waits: true,
            ..works!($name, $run, $applies)
        }
    };
}

/// All of them, in the order of the rows.
pub(crate) const CASES: &[Case] = &[
    works!("payloads", payloads::equal, always),
    works!("requests", requests::matched, always),
    works!("unknown_pattern", requests::unknown, always),
    works!("handler_error", errors::returned, always),
    works!("handler_panic", errors::panicked, always),
    works!("undecodable", errors::undecodable, always),
    works!("size_limit", limits::size, has_limit),
    works!("concurrency", limits::concurrency, always),
    works!("streams", streams::in_order, always),
    works!("wildcards", wildcards::found, has_wildcards),
    works!("services_apart", services::apart, has_replicas),
    works!("replicas", services::replicas, has_replicas),
    works!("broadcast", services::broadcast, has_broadcast),
    waits!("cold_starts", starts::cold, always),
    waits!("late_broker", starts::late, always),
    waits!("killed", faults::killed, is_network),
    waits!("paused", faults::paused, has_broker),
    waits!("cut", faults::cut, is_network),
    waits!("subscriptions", faults::subscriptions, is_network),
    waits!("shutdown", shutdown::drained, always),
];

fn always(_: &dyn Candidate) -> bool {
    true
}

fn has_broker(candidate: &dyn Candidate) -> bool {
    candidate.broker().is_some()
}

fn is_network(candidate: &dyn Candidate) -> bool {
    candidate.features().network
}

fn has_limit(candidate: &dyn Candidate) -> bool {
    candidate.features().limit.is_some()
}

fn has_wildcards(candidate: &dyn Candidate) -> bool {
    wildcards::of(candidate).is_some()
}

fn has_replicas(candidate: &dyn Candidate) -> bool {
    candidate.features().replicas != Replicas::None
}

fn has_broadcast(candidate: &dyn Candidate) -> bool {
    candidate.features().broadcast
}

//! The servers of nestrs that a client has met, and what they are told: which
//! calls are not waited for any more. The other half is `callers.rs`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use lapin::options::BasicPublishOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel};
use nestrs_core::Headers;
use nestrs_core::extras::Extras;

use crate::callers::DIRECT_REPLY_TO;
use crate::table;

/// How many servers are remembered: the last ones.
const KNOWN: usize = 64;
/// How many calls that were given up are told to a server that is met later:
/// its greeting may still have been on its way.
const GIVEN_UP: usize = 64;

#[derive(Default)]
pub(crate) struct Servers(Mutex<State>);

#[derive(Default)]
struct State {
    known: VecDeque<ShortString>,
    given_up: VecDeque<u64>,
}

impl Servers {
    /// A server has said where it is.
    pub(crate) fn met(&self, server: &ShortString, channel: &Channel) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.known.contains(server) {
            return;
        }
        push(&mut state.known, server.clone(), KNOWN);
        for number in &state.given_up {
            tokio::spawn(cancel(channel.clone(), server.clone(), *number));
        }
    }

    /// Tells them all, for nobody knows which of them has the call.
    pub(crate) fn cancel(&self, number: u64, channel: &Channel) {
        // Without a runtime there is no connection either.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        push(&mut state.given_up, number, GIVEN_UP);
        for server in &state.known {
            runtime.spawn(cancel(channel.clone(), server.clone(), number));
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, value: T, most: usize) {
    if queue.len() == most {
        queue.pop_front();
    }
    queue.push_back(value);
}

/// On the channel the call went out by: its address is how the server knows
/// whose it was.
async fn cancel(channel: Channel, server: ShortString, number: u64) {
    let extras = Extras {
        cancel: Some(number),
        ..Extras::default()
    };
    // A number is short enough.
    let headers: FieldTable = table::of_headers(&Headers::new(), &extras).unwrap_or_default();
    let properties = BasicProperties::default()
        .with_headers(headers)
        .with_reply_to(DIRECT_REPLY_TO.into());
    let options = BasicPublishOptions::default();
    let told = channel.basic_publish(ShortString::default(), server, options, b"", properties);
    if let Err(error) = told.await {
        tracing::debug!(%error, "a server was not told that a call was given up");
    }
}

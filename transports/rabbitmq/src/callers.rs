//! Callers of nestrs, and their calls that are in hand: whoever gives up a call
//! says so, and its handler is dropped.
//!
//! A caller that is new is sent a greeting, with an address of ours to say it
//! to. It is a reply to an id that no call has, so that nothing of it is in the
//! replies to calls.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use nestrs_core::Cancellation;
use nestrs_core::extras::PEER;
use rustc_hash::FxHashMap;

use crate::table;

/// Where replies come to without a queue: the broker gives each channel an
/// address of its own for it.
pub(crate) const DIRECT_REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// How many callers are known before those without a call are forgotten. They
/// are greeted again.
const KNOWN: usize = 1_024;

/// The calls in hand by the address of the caller and the number it gave them.
type Calls = FxHashMap<ShortString, FxHashMap<u64, Cancellation>>;

/// Clones are the same callers.
#[derive(Clone)]
pub(crate) struct Callers {
    channel: Channel,
    calls: Arc<Mutex<Calls>>,
}

/// A call in hand, for as long as this is held.
pub(crate) struct Call {
    caller: ShortString,
    number: u64,
    calls: Arc<Mutex<Calls>>,
}

impl Callers {
    /// Listens on a channel of its own, until that is closed.
    pub(crate) async fn listen(channel: Channel) -> lapin::Result<Self> {
        let options = BasicConsumeOptions {
            no_ack: true,
            ..BasicConsumeOptions::default()
        };
        let given_up = channel
            .basic_consume(
                DIRECT_REPLY_TO.into(),
                ShortString::default(),
                options,
                FieldTable::default(),
            )
            .await?;
        let calls = Arc::<Mutex<Calls>>::default();
        tokio::spawn(hear(given_up, calls.clone()));
        Ok(Self { channel, calls })
    }

    /// Takes down a call, and greets its caller if that is new.
    pub(crate) fn begin(&self, caller: &ShortString, number: u64) -> (Call, Cancellation) {
        let cancellation = Cancellation::new();
        let mut calls = lock(&self.calls);
        if !calls.contains_key(caller) {
            if calls.len() >= KNOWN {
                calls.retain(|_, calls| !calls.is_empty());
            }
            tokio::spawn(greet(self.channel.clone(), caller.clone()));
        }
        let of_caller = calls.entry(caller.clone()).or_default();
        of_caller.insert(number, cancellation.clone());
        let call = Call {
            caller: caller.clone(),
            number,
            calls: self.calls.clone(),
        };
        (call, cancellation)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(calls) = lock(&self.calls).get_mut(&self.caller) {
            calls.remove(&self.number);
        }
    }
}

async fn greet(channel: Channel, caller: ShortString) {
    let properties = BasicProperties::default()
        .with_correlation_id(PEER.into())
        .with_reply_to(DIRECT_REPLY_TO.into());
    let options = BasicPublishOptions::default();
    let greeting = channel.basic_publish(ShortString::default(), caller, options, b"", properties);
    if let Err(error) = greeting.await {
        tracing::debug!(%error, "a caller was not greeted: the channel is gone");
    }
}

/// The broker has put the caller's own address where it asked for a reply.
async fn hear(mut given_up: Consumer, calls: Arc<Mutex<Calls>>) {
    while let Some(Ok(message)) = given_up.next().await {
        let cancel = message.properties.headers().as_ref().map(table::extras);
        let number = cancel.and_then(|extras| extras.cancel);
        let (Some(caller), Some(number)) = (message.properties.reply_to(), number) else {
            continue;
        };
        let call = lock(&calls)
            .get(caller)
            .and_then(|calls| calls.get(&number).cloned());
        if let Some(call) = call {
            call.cancel();
        }
    }
}

/// No code that can panic runs under the lock.
fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

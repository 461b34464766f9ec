//! Events that are not lost: streams instead of publishing, between nestrs
//! peers that both ask for it.
//!
//! A client with [`durable`](crate::RedisTransportOptions::durable) appends each
//! event to the stream of its pattern, `nestrs:events:<pattern>`. A server with
//! [`durable`](crate::RedisMicroserviceOptions::durable) reads the streams of
//! its patterns as a member of a consumer group. Requests, and events of other
//! peers, go by publishing as ever, to the same server.
//!
//! | | |
//! |---|---|
//! | delivery | at least once in each group: an event is acknowledged after its handlers, so one whose acknowledgement is lost is handled again; its [`id`](crate::RedisDelivery::id) tells |
//! | who shares | the servers of one [`group`](crate::RedisDurableOptions::group); each group gets every event from its first start on, also those that are sent while none of its servers runs |
//! | a server that is gone | what it had in hand is handled by another after [`retry_after`](crate::RedisDurableOptions::retry_after); one that lives says so three times as often |
//! | an event that fails | rests as long, and is handled again, [`max_attempts`](crate::RedisDurableOptions::max_attempts) times in all |
//! | one that failed as often, makes no sense or has no handler | goes to `nestrs:dead:<pattern>`, with `packet`, `group`, `id`, `attempts` and `error` |
//! | order | none: events are handled side by side |
//! | how many are kept | [`durable_length`](crate::RedisTransportOptions::durable_length) of each pattern, about, handled or not |
//!
//! Streams lie in the database of the options; what Redis keeps when it is
//! restarted is for its configuration to say. Redis 6.2 or newer is needed, and
//! patterns may have no wildcards.
//!
//! The next file on an event's path is `durable/consumer.rs`.

mod consumer;
mod entry;
mod retry;
mod stream;

use redis::Cmd;

use crate::pipe::Parts;

pub(crate) use consumer::Consumer;

/// The field of an entry that holds the packet.
const PACKET: &str = "packet";
/// How many dead events of one pattern are kept, about.
const DEAD_LENGTH: usize = 100_000;

/// Appends an event's packet to the stream of its pattern.
pub(crate) fn add(route: &str, packet: &[&[u8]], length: usize) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(key(route)).arg("MAXLEN").arg("~").arg(length);
    command.arg("*").arg(PACKET).arg(Parts(packet));
    command
}

fn key(route: &str) -> String {
    format!("nestrs:events:{route}")
}

fn dead_key(route: &str) -> String {
    format!("nestrs:dead:{route}")
}

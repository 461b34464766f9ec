use std::sync::Arc;

use async_trait::async_trait;
use nestrs::core::{ErrorKind, Transport, TransportServer};
use nestrs_brokers::Kind;

use crate::Failure;

/// A transport, as the suite sees it.
///
/// `candidates/tcp.rs` is one to begin with.
#[async_trait]
pub trait Candidate: Send + Sync + 'static {
    /// Its name in rows, and on the command line.
    fn name(&self) -> &'static str;

    /// What it declares about itself, and is held to.
    fn features(&self) -> Features;

    /// The broker that its servers and clients meet at, if they need one.
    fn broker(&self) -> Option<Kind> {
        None
    }

    /// An address that no other server has. Only asked where there is no broker.
    fn address(&self) -> String {
        String::new()
    }

    /// The options of a server: its defaults, but for what `settings` ask for.
    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer>;

    /// A client with default options, but for what `settings` ask for.
    fn client(&self, place: &Place, settings: &Settings) -> Arc<dyn Transport>;

    /// Brings bytes that are no message to where the servers of `place` receive those of
    /// `pattern`, and says whether it can do such a thing at all.
    async fn garble(&self, place: &Place, pattern: &str, bytes: &[u8]) -> Result<bool, Failure> {
        let _ = (place, pattern, bytes);
        Ok(false)
    }
}

/// Where a server is, or where a client finds it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The broker's ([`nestrs_brokers::Broker::url`], or a proxy's in the same form), or else one
    /// that [`Candidate::address`] made up.
    pub address: String,
    /// The service's own name, which no service of another case has. It is what
    /// [`Dispatch::service`](nestrs::core::Dispatch::service) says, for clients that have to
    /// name whom they call.
    pub service: String,
}

/// What a case needs to be other than by default.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How many messages a server may have in hand.
    pub max_in_flight: Option<usize>,
    /// Every replica gets every event.
    pub broadcast: bool,
    /// The size of [`Features::limit`] is in force, where it is not so anyway.
    pub limited: bool,
}

/// What a transport declares.
#[derive(Clone, Debug)]
pub struct Features {
    /// What becomes of events.
    pub delivery: Delivery,
    /// What several servers of one service do.
    pub replicas: Replicas,
    /// Whether [`Settings::broadcast`] can be had.
    pub broadcast: bool,
    /// Whether an event reaches every service that has its pattern.
    pub shares_events: bool,
    /// Whether it goes over a network, which can be cut.
    pub network: bool,
    /// What a caller is told of a pattern that nobody has.
    pub unknown: ErrorKind,
    /// How large a message may be.
    pub limit: Option<Limit>,
    /// How many times a server is started to see its first request pass; 1,000, or fewer where a
    /// start takes long.
    pub cold_starts: usize,
    /// How many requests a server is given before it has answered one; 200, or fewer where the
    /// broker holds back.
    pub in_hand: usize,
    /// Whether the broker still has what it confirmed after a `SIGKILL`.
    pub kept: bool,
}

/// Of a transport over a network, where everything is as the cases would have it.
impl Default for Features {
    fn default() -> Self {
        Self {
            delivery: Delivery::AtMostOnce,
            replicas: Replicas::Compete,
            broadcast: true,
            shares_events: true,
            network: true,
            unknown: ErrorKind::NoHandler,
            limit: None,
            cold_starts: 1_000,
            in_hand: 200,
            kept: true,
        }
    }
}

/// What becomes of an event whose sender was told that it was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// A handler runs once, or not at all if something breaks.
    AtMostOnce,
    /// A handler runs, and again if something breaks.
    AtLeastOnce,
}

/// What several servers of one service do by default.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Replicas {
    /// There is one server at an address.
    None,
    /// Each message goes to one of them.
    Compete,
    /// Each event goes to all of them.
    All,
}

/// The largest message.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// In bytes, what is around the payload included.
    pub bytes: usize,
    /// What a caller is told of a larger one.
    pub error: ErrorKind,
}

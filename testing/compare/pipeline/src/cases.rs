//! Everything whose cost is counted, by name.

use std::sync::Arc;

use nestrs_core::{Shutdown, TransportServer};
use nestrs_microservices::{ClientProxy, Dispatcher};
use nestrs_transport_memory::{
    MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
};

use crate::{Order, Receipt, container, dispatcher, messages};

/// The handlers of requests, and what stands around each: name and pattern.
pub const HANDLERS: [(&str, &str); 7] = [
    ("request", "\"bare\""),
    ("request, guard", "\"guard\""),
    ("request, pipe", "\"pipe\""),
    ("request, validation", "\"validation\""),
    ("request, interceptor", "\"interceptor\""),
    ("request, all three", "\"all three\""),
    ("request, request scope", "\"request scope\""),
];

/// One message of a kind, over and over.
pub enum Case {
    /// What no pipeline can do without: the payload, read.
    Reading,
    /// Through the dispatcher alone.
    Event(Dispatcher),
    /// Through the dispatcher alone, to the handler of a pattern.
    Request(Dispatcher, &'static str),
    /// From a client to a server in memory.
    Emit(ClientProxy),
    /// The same, and back.
    Send(ClientProxy),
}

impl Case {
    /// Every name there is.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let requests = HANDLERS.iter().map(|(name, _)| *name);
        ["reading alone", "event"]
            .into_iter()
            .chain(requests)
            .chain(["emit", "send"])
    }

    /// The case of that name, if there is one.
    pub async fn named(name: &str) -> Option<Self> {
        let dispatcher = dispatcher(&container().await);
        Some(match name {
            "reading alone" => Self::Reading,
            "event" => Self::Event(dispatcher),
            "emit" => Self::Emit(serve(dispatcher).await),
            "send" => Self::Send(serve(dispatcher).await),
            name => {
                let (_, pattern) = HANDLERS.iter().find(|(known, _)| *known == name)?;
                Self::Request(dispatcher, pattern)
            }
        })
    }

    /// One message.
    ///
    /// # Panics
    ///
    /// If it does not go as it should.
    pub async fn run(&self) {
        match self {
            Self::Reading => messages::read(),
            Self::Event(dispatcher) => messages::event(dispatcher, "\"event\""),
            Self::Request(dispatcher, pattern) => {
                std::hint::black_box(messages::request(dispatcher, pattern));
            }
            Self::Emit(client) => {
                client
                    .emit("event", &order())
                    .await
                    .expect("it is taken in");
                // The handler's turn.
                tokio::task::yield_now().await;
            }
            Self::Send(client) => {
                let receipt = client.send::<_, Receipt>("bare", &order()).await;
                assert_eq!(receipt.expect("it is answered").id, 1_000_000);
            }
        }
    }
}

/// Where it all runs: on this thread. The clock stands still, or what takes fifty
/// times as long as it would, as when it is counted, would be taken for something else.
///
/// # Panics
///
/// If the system has no more of what a runtime takes.
pub fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime")
}

async fn serve(dispatcher: Dispatcher) -> ClientProxy {
    let hub = MemoryHub::new();
    let server = Box::new(MemoryMicroserviceOptions::new(&hub));
    let started = server.start(Arc::new(dispatcher), Shutdown::new()).await;
    started.expect("nobody else is there");
    ClientProxy::new(Arc::new(MemoryTransport::new(MemoryTransportOptions::new(
        &hub,
    ))))
}

fn order() -> Order {
    Order {
        id: 1_000_000,
        quantity: 37,
    }
}

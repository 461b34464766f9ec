use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use nestrs::{
    core::{Transport, TransportServer},
    microservices::{
        MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
    },
};

use crate::{Candidate, Features, Place, Replicas, Settings};

/// Client and server in one process. An address is the name of a hub.
#[derive(Default)]
pub(crate) struct Memory {
    hubs: Mutex<HashMap<String, MemoryHub>>,
    next: AtomicU64,
}

impl Memory {
    fn hub(&self, place: &Place) -> MemoryHub {
        let mut hubs = self.hubs.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.entry(place.address.clone()).or_default().clone()
    }
}

impl Candidate for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn features(&self) -> Features {
        Features {
            replicas: Replicas::None,
            broadcast: false,
            shares_events: false,
            network: false,
            ..Features::default()
        }
    }

    fn address(&self) -> String {
        self.next.fetch_add(1, Ordering::Relaxed).to_string()
    }

    fn server(&self, place: &Place, settings: &Settings) -> Box<dyn TransportServer> {
        let mut options = MemoryMicroserviceOptions::new(&self.hub(place));
        if let Some(limit) = settings.max_in_flight {
            options.max_in_flight = limit;
        }
        Box::new(options)
    }

    fn client(&self, place: &Place, _: &Settings) -> Arc<dyn Transport> {
        let options = MemoryTransportOptions::new(&self.hub(place));
        Arc::new(MemoryTransport::new(options))
    }
}

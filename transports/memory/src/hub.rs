//! [`MemoryHub`]: where a server listens in memory, and where clients find it.

use std::fmt;
use std::sync::Arc;

use nestrs_core::status::StatusSource;
use nestrs_core::{ClientStatus, StatusStream};
use tokio::sync::watch;

use crate::server::Server;

/// An address in memory. Clones are the same address.
///
/// ```
/// use nestrs_transport_memory::{MemoryHub, MemoryMicroserviceOptions, MemoryTransportOptions};
///
/// let hub = MemoryHub::new();
/// let server = MemoryMicroserviceOptions::new(&hub);
/// let client = MemoryTransportOptions::new(&hub);
/// ```
#[derive(Clone, Default)]
pub struct MemoryHub(Arc<Place>);

#[derive(Default)]
struct Place {
    server: watch::Sender<Option<Arc<Server>>>,
    status: StatusSource,
}

impl MemoryHub {
    /// An address that nobody listens at yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts the server here, unless there is one.
    pub(crate) fn occupy(&self, server: Arc<Server>) -> bool {
        let free = self.0.server.send_if_modified(|place| {
            let free = place.is_none();
            if free {
                *place = Some(server);
            }
            free
        });
        if free {
            self.0.status.set(ClientStatus::Connected);
        }
        free
    }

    /// Takes the server away that is here.
    pub(crate) fn leave(&self) {
        self.0.status.set(ClientStatus::Disconnected);
        self.0.server.send_replace(None);
    }

    pub(crate) fn status(&self) -> StatusStream {
        self.0.status.watch()
    }

    /// The server that is here now.
    pub(crate) fn server_now(&self) -> Option<Arc<Server>> {
        self.0.server.borrow().clone()
    }

    /// Waits for a server.
    pub(crate) async fn server(&self) -> Arc<Server> {
        let mut servers = self.0.server.subscribe();
        loop {
            if let Some(server) = &*servers.borrow_and_update() {
                return server.clone();
            }
            // It cannot close: this hub holds the sender.
            let _ = servers.changed().await;
        }
    }
}

impl fmt::Debug for MemoryHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryHub")
            .field("has_server", &self.0.server.borrow().is_some())
            .finish()
    }
}

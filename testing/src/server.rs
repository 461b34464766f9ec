//! A server in memory that stands in for another.

use std::sync::Arc;

use async_trait::async_trait;
use nestrs::core::{Dispatch, RunningServer, Shutdown, StartError, Wildcards};
use nestrs::microservices::{MemoryMicroserviceOptions, TransportServer};

/// What decides which handlers a server has.
#[derive(Clone, Copy, Default)]
pub(crate) struct Standing {
    transport: Option<&'static str>,
    wildcards: Option<Wildcards>,
}

impl Standing {
    pub(crate) fn for_server(server: &impl TransportServer) -> Self {
        Self {
            transport: Some(server.transport()),
            wildcards: server.wildcards(),
        }
    }

    pub(crate) fn over(self, memory: MemoryMicroserviceOptions) -> StandIn {
        let standing = self;
        StandIn { standing, memory }
    }
}

pub(crate) struct StandIn {
    standing: Standing,
    memory: MemoryMicroserviceOptions,
}

#[async_trait]
impl TransportServer for StandIn {
    fn transport(&self) -> &'static str {
        let own = self.memory.transport();
        self.standing.transport.unwrap_or(own)
    }

    fn wildcards(&self) -> Option<Wildcards> {
        self.standing.wildcards
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        Box::new(self.memory).start(dispatch, shutdown).await
    }
}

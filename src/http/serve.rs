//! Listening for HTTP, until the application stops.

use std::net::SocketAddr;
use std::sync::Arc;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Shutdown, StartError};
use tokio::net::TcpListener;

use super::NestApplication;
use super::connection::AbortableListener;
use crate::BootstrapError;
use crate::readiness::ReadinessOf;

/// Where HTTP is served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum HttpAt {
    /// On a port of its own.
    Port(u16),
    /// Where the gRPC server listens.
    #[cfg(feature = "microservices-grpc")]
    GrpcServer,
}

/// An HTTP server that listens.
pub(crate) struct RunningHttp {
    pub(crate) local_addr: SocketAddr,
    pub(crate) done: BoxFuture<'static, ()>,
}

impl NestApplication {
    pub(crate) async fn serve(
        self,
        port: u16,
        readiness: Arc<ReadinessOf>,
        shutdown: Shutdown,
    ) -> Result<RunningHttp, BootstrapError> {
        let address = SocketAddr::new(self.listen_ip, port);
        let router = self.router_of(readiness)?;
        let failed = |source| {
            let address = address.to_string();
            BootstrapError::Http(StartError::Bind { address, source })
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let listener = AbortableListener::new(listener, shutdown).map_err(failed)?;
        let stopped = listener.stopped();
        let serve = axum::serve(listener, router).with_graceful_shutdown(stopped);
        let done = tokio::spawn(async move {
            if let Err(error) = serve.await {
                tracing::error!(%error, "the HTTP side ended");
            }
        });
        let done = Box::pin(async move {
            if let Err(error) = done.await {
                tracing::error!(%error, "the HTTP side ended early");
            }
        });
        Ok(RunningHttp { local_addr, done })
    }
}

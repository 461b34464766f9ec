//! Listening for HTTP, until the application stops.

use std::net::SocketAddr;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Shutdown, StartError};
use nestrs_di::Container;
use tokio::net::TcpListener;

use super::NestApplication;
use super::connection::AbortableListener;
use crate::BootstrapError;

/// An HTTP server that listens.
pub(crate) struct RunningHttp {
    pub(crate) local_addr: SocketAddr,
    pub(crate) done: BoxFuture<'static, ()>,
}

impl NestApplication {
    pub(crate) async fn serve(
        self,
        port: u16,
        container: &Container,
        shutdown: Shutdown,
    ) -> Result<RunningHttp, BootstrapError> {
        let address = SocketAddr::new(self.listen_ip, port);
        let router = self.router(container)?;
        let failed = |source| {
            let address = address.to_string();
            BootstrapError::Http(StartError::Bind { address, source })
        };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        let stopping = shutdown.clone();
        let listener = AbortableListener { listener, shutdown };
        let serve = axum::serve(listener, router)
            .with_graceful_shutdown(async move { stopping.stopping().await });
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

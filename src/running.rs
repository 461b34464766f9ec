//! [`RunningApplication`]: an application that answers, until it is stopped.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{RunningServer, Shutdown};
use nestrs_di::{Container, LifecycleError};

/// How long [`RunningApplication::shutdown`] waits unless told otherwise.
pub(crate) const DEFAULT_GRACE_PERIOD: Duration = Duration::from_secs(10);
/// How long it waits for what has been aborted to be gone.
const ABORT_PERIOD: Duration = Duration::from_secs(1);

/// An application whose servers listen. Dropping it stops it at once, finishing
/// nothing; [`shutdown`](Self::shutdown) finishes.
#[derive(Debug)]
#[must_use = "dropping a running application stops it"]
pub struct RunningApplication {
    container: Container,
    shutdown: ShutdownOnDrop,
    grace_period: Duration,
    servers: Servers,
}

#[derive(Debug)]
struct ShutdownOnDrop(Shutdown);

impl Drop for ShutdownOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What listens, in the order it was started.
#[derive(Default)]
struct Servers {
    addresses: Vec<String>,
    local_addr: Option<SocketAddr>,
    #[cfg(feature = "http")]
    http_addr: Option<SocketAddr>,
    done: Vec<BoxFuture<'static, ()>>,
}

impl std::fmt::Debug for Servers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.addresses).finish()
    }
}

impl RunningApplication {
    pub(crate) fn new(container: Container, grace_period: Duration) -> Self {
        let shutdown = ShutdownOnDrop(Shutdown::new());
        Self {
            container,
            shutdown,
            grace_period,
            servers: Servers::default(),
        }
    }

    pub(crate) fn shutdown_handle(&self) -> Shutdown {
        self.shutdown.0.clone()
    }

    pub(crate) fn add_server(&mut self, server: RunningServer) {
        self.servers.addresses.push(server.address);
        self.servers.local_addr = server.local_addr;
        self.servers.done.push(server.done);
    }

    #[cfg(feature = "http")]
    pub(crate) fn add_http(&mut self, server: crate::http::RunningHttp) {
        self.servers
            .addresses
            .push(format!("http://{}", server.local_addr));
        self.servers.http_addr = Some(server.local_addr);
        self.servers.done.push(server.done);
    }

    /// Where the application is reached: the microservice server first, as
    /// `tcp://127.0.0.1:3001`.
    pub fn addresses(&self) -> &[String] {
        &self.servers.addresses
    }

    /// The socket the microservice server is bound to, where its transport has
    /// one of its own.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.servers.local_addr
    }

    /// The socket HTTP is served on, in hybrid mode.
    #[cfg(feature = "http")]
    pub fn http_addr(&self) -> Option<SocketAddr> {
        self.servers.http_addr
    }

    /// The instance of a provider.
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let options = TcpMicroserviceOptions::new("127.0.0.1:0");
    /// let running = NestFactory::create_microservice::<AppModule>(options).start().await?;
    /// let bus = running.get::<EventBus>().expect("every application has one");
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.container.get::<T>()
    }

    /// Everything that was built.
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// Stops: takes nothing in any more, finishes what is in hand within the
    /// grace period, sends the replies, and returns. What is not finished by
    /// then is dropped. Hooks run before, `OnApplicationShutdown` after; those
    /// that fail are logged.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what is still in hand.
    pub async fn shutdown(self) {
        self.stop(None).await;
    }

    /// [`shutdown`](Self::shutdown) for the reason of a signal.
    pub(crate) async fn stop(self, signal: Option<&str>) {
        let Self {
            container,
            shutdown,
            grace_period,
            servers,
        } = self;
        log(container.destroy().await);
        log(container.before_shutdown(signal).await);
        shutdown.0.stop();
        drain(servers, &shutdown.0, grace_period).await;
        log(container.shutdown(signal).await);
    }
}

async fn drain(servers: Servers, shutdown: &Shutdown, grace_period: Duration) {
    // Awaited one after the other, drained all at once where they run.
    let drained = async {
        for server in servers.done {
            server.await;
        }
    };
    let mut drained = pin!(drained);
    if tokio::time::timeout(grace_period, &mut drained)
        .await
        .is_err()
    {
        tracing::warn!(
            ?grace_period,
            "not everything in hand was finished in the grace period"
        );
        shutdown.abort();
        if tokio::time::timeout(ABORT_PERIOD, drained).await.is_err() {
            tracing::error!("a server does not stop and is left to the runtime");
        }
    }
}

fn log(hooks: Result<(), LifecycleError>) {
    if let Err(error) = hooks {
        tracing::error!("{error}");
    }
}

//! [`RunningApplication`]: an application that answers, until it is stopped.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::Shutdown;
use nestrs_core::dispatch::BoxFuture;
use nestrs_di::{Container, LifecycleError};

use crate::BootstrapError;
#[cfg(feature = "http")]
use crate::http::NestApplication;
#[cfg(feature = "microservices")]
use crate::microservice::Bound;
use crate::readiness::{Readiness, ReadinessOf};

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
    readiness: Arc<ReadinessOf>,
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
    #[cfg(feature = "microservices")]
    local_addrs: Vec<(&'static str, Option<SocketAddr>)>,
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
        let readiness = Arc::new(ReadinessOf::new(container.clone()));
        Self {
            container,
            shutdown,
            grace_period,
            servers: Servers::default(),
            readiness,
        }
    }

    /// Starts a server and keeps it.
    #[cfg(feature = "microservices")]
    pub(crate) async fn serve(&mut self, bound: Bound) -> Result<(), BootstrapError> {
        let Bound {
            server,
            dispatch,
            name,
        } = bound;
        let transport = server.transport();
        let server = server.start(dispatch, self.shutdown.0.clone()).await;
        let server = server.map_err(|source| BootstrapError::Server { transport, source })?;
        self.readiness.add_server(name, server.status);
        self.servers.addresses.push(server.address);
        self.servers.local_addrs.push((name, server.local_addr));
        self.servers.done.push(server.done);
        Ok(())
    }

    /// Starts the HTTP side and keeps it.
    #[cfg(feature = "http")]
    pub(crate) async fn serve_http(
        &mut self,
        http: NestApplication,
        port: u16,
    ) -> Result<(), BootstrapError> {
        let server = http
            .serve(port, Arc::clone(&self.readiness), self.shutdown.0.clone())
            .await?;
        self.servers
            .addresses
            .push(format!("http://{}", server.local_addr));
        self.servers.http_addr = Some(server.local_addr);
        self.servers.done.push(server.done);
        Ok(())
    }

    /// HTTP is served where the server of that name listens.
    #[cfg(all(feature = "http", feature = "microservices-grpc"))]
    pub(crate) fn http_through(&mut self, name: &str) {
        self.servers.http_addr = self.local_addr_of(name);
    }

    /// Where the application is reached: the microservice server first, as
    /// `tcp://127.0.0.1:3001`.
    pub fn addresses(&self) -> &[String] {
        &self.servers.addresses
    }

    /// The socket the microservice server is bound to, where its transport has
    /// one of its own. Of several servers, the first one's.
    #[cfg(feature = "microservices")]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.servers.local_addrs.first()?.1
    }

    /// As [`local_addr`](Self::local_addr), of the server that is
    /// [called](crate::Microservice::named) `name`, or of the first of that
    /// transport.
    #[cfg(feature = "microservices")]
    pub fn local_addr_of(&self, name: &str) -> Option<SocketAddr> {
        let mut servers = self.servers.local_addrs.iter();
        servers.find(|(known, _)| *known == name)?.1
    }

    /// Whether it is ready for work: what
    /// [`enable_readiness_check`](crate::NestApplication::enable_readiness_check)
    /// tells over HTTP.
    ///
    /// ```
    /// use nestrs::di::HealthIndicator;
    /// use nestrs::prelude::*;
    ///
    /// #[injectable]
    /// struct Database;
    ///
    /// impl HealthIndicator for Database {
    ///     async fn check_health(&self) -> Result<(), HookError> {
    ///         Err("no connection".into())
    ///     }
    /// }
    ///
    /// #[module(providers = [Database])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let running = NestFactory::create_application_context::<AppModule>().await?;
    /// let readiness = running.readiness().await;
    /// assert!(!readiness.is_ready());
    /// assert_eq!(readiness.parts[0], ("Database".to_owned(), Err("no connection".to_owned())));
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn readiness(&self) -> Readiness {
        self.readiness.ask().await
    }

    #[cfg(feature = "http")]
    pub(crate) fn readiness_of(&self) -> Arc<ReadinessOf> {
        Arc::clone(&self.readiness)
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
            readiness,
        } = self;
        readiness.stop();
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

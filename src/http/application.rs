//! [`NestApplication`]: an application that serves HTTP, described and not
//! started.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use nestrs_di::{Graph, GraphBuilder, Module, Options};

use super::settings::Settings;
use crate::BootstrapError;
use crate::bootstrap::{Bootstrap, DEFAULT_GRACE_PERIOD};
use crate::running::RunningApplication;

/// An application that serves HTTP, or the HTTP side of one that answers
/// messages as well, being set up.
///
/// ```
/// use axum::{Router, routing::get};
/// use nestrs::prelude::*;
/// # use nestrs::axum;
///
/// fn set_up(http: NestApplication) -> NestApplication {
///     http.set_global_prefix("api")
///         .enable_health_check("/health")
///         .enable_cors(CorsOptions::permissive())
///         .merge(Router::new().route("/version", get(async || "1")))
/// }
/// # let _ = set_up;
/// ```
#[must_use = "settings do nothing until the application listens"]
pub struct NestApplication {
    pub(super) graph: GraphBuilder,
    pub(super) options: Options,
    pub(super) grace_period: Duration,
    pub(super) listen_ip: IpAddr,
    pub(super) settings: Settings,
}

impl NestApplication {
    pub(crate) fn new<M: Module>() -> Self {
        Self {
            graph: Graph::builder::<M>(),
            options: Options::new(),
            grace_period: DEFAULT_GRACE_PERIOD,
            listen_ip: Ipv4Addr::LOCALHOST.into(),
            settings: Settings::default(),
        }
    }

    /// Starts and runs until SIGINT or SIGTERM, then finishes what is in hand.
    ///
    /// When it cannot start, the whole report goes to standard error and the
    /// process exits with 1.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the application without finishing anything.
    pub async fn listen(self, port: u16) {
        self.bootstrap(port).run_or_exit().await;
    }

    /// [`listen`](Self::listen), with what keeps it from starting as a value.
    ///
    /// # Errors
    ///
    /// When the application cannot start; nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the application without finishing anything.
    pub async fn try_listen(self, port: u16) -> Result<(), BootstrapError> {
        self.bootstrap(port).run().await
    }

    /// Starts on `port`, 0 for a free one, and returns once it is ready to be
    /// called.
    ///
    /// ```
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let running = NestFactory::create::<AppModule>().start(0).await?;
    /// println!("{:?}", running.http_addr());
    /// running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the application cannot start; nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops what has been started.
    pub async fn start(self, port: u16) -> Result<RunningApplication, BootstrapError> {
        self.bootstrap(port).start().await
    }

    fn bootstrap(self, port: u16) -> Bootstrap {
        Bootstrap {
            graph: self.graph.clone(),
            options: self.options.clone(),
            #[cfg(feature = "microservices")]
            server: None,
            grace_period: self.grace_period,
            http: Some((port, self)),
        }
    }
}

impl fmt::Debug for NestApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestApplication")
            .field("listen_ip", &self.listen_ip)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

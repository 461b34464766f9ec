//! [`NestApplication`]: an application that serves HTTP, described and not
//! started.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

use nestrs_di::Module;

use super::HttpAt;
use super::settings::Settings;
use crate::BootstrapError;
use crate::bootstrap::{Bootstrap, Served};
#[cfg(feature = "microservices")]
use crate::microservice::Microservice;
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
    pub(super) bootstrap: Bootstrap,
    #[cfg(feature = "microservices")]
    pub(super) microservices: Vec<Microservice>,
    pub(super) listen_ip: IpAddr,
    pub(super) settings: Settings,
}

impl NestApplication {
    pub(crate) fn new<M: Module>() -> Self {
        Self {
            bootstrap: Bootstrap::of::<M>(),
            #[cfg(feature = "microservices")]
            microservices: Vec::new(),
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
        let (bootstrap, served) = self.described(port);
        bootstrap.run_or_exit(served).await;
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
        let (bootstrap, served) = self.described(port);
        bootstrap.run(served).await
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
        let (bootstrap, served) = self.described(port);
        bootstrap.start(served).await
    }

    fn described(mut self, port: u16) -> (Bootstrap, Served) {
        let (bootstrap, mut served) = (self.bootstrap.clone(), self.take_servers());
        served.http = Some((HttpAt::Port(port), self));
        (bootstrap, served)
    }

    /// What it serves beside HTTP.
    pub(super) fn take_servers(&mut self) -> Served {
        Served {
            #[cfg(feature = "microservices")]
            microservices: std::mem::take(&mut self.microservices),
            http: None,
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

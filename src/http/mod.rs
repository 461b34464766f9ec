//! The HTTP side of an application, on axum: its routes are axum's, its
//! settings are `tower-http`'s under NestJS's names.

mod connection;
pub mod controller;
pub mod cors;
mod mount;
mod serve;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::http::header::CONTENT_TYPE;
use axum::{Router, routing};
use nestrs_di::{Container, Graph, GraphBuilder, Module, Options};

use crate::BootstrapError;
use crate::bootstrap::{Bootstrap, DEFAULT_GRACE_PERIOD};
use crate::running::RunningApplication;

pub use controller::Controller;
pub use cors::CorsOptions;

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
    graph: GraphBuilder,
    options: Options,
    grace_period: Duration,
    listen_ip: IpAddr,
    global_prefix: String,
    health_check: Option<String>,
    cors: Option<CorsOptions>,
    routes: Router,
}

impl NestApplication {
    pub(crate) fn new<M: Module>() -> Self {
        Self {
            graph: Graph::builder::<M>(),
            options: Options::new(),
            grace_period: DEFAULT_GRACE_PERIOD,
            listen_ip: Ipv4Addr::LOCALHOST.into(),
            global_prefix: String::new(),
            health_check: None,
            cors: None,
            routes: Router::new(),
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

    /// Listens on `ip` instead of 127.0.0.1; `0.0.0.0` is every interface.
    pub fn set_listen_ip(self, ip: impl Into<IpAddr>) -> Self {
        Self {
            listen_ip: ip.into(),
            ..self
        }
    }

    /// How long each `async` constructor and each hook of a provider may take;
    /// as long as it likes, unless told otherwise. One that takes longer is
    /// named with its path, and what had been started is stopped again. What
    /// blocks its thread cannot be timed out, see
    /// [`Options::timeout`](nestrs_di::Options::timeout). In hybrid mode the
    /// microservice application's own counts.
    pub fn provider_timeout(self, limit: Duration) -> Self {
        Self {
            options: self.options.timeout(limit, tokio::time::sleep),
            ..self
        }
    }

    /// How long what is in hand may take to finish once the application stops;
    /// 10 s unless told otherwise. In hybrid mode the microservice
    /// application's own counts.
    pub fn grace_period(self, grace_period: Duration) -> Self {
        Self {
            grace_period,
            ..self
        }
    }

    /// Puts `prefix` before the path of every route, the health check's
    /// included.
    pub fn set_global_prefix(self, prefix: impl Into<String>) -> Self {
        Self {
            global_prefix: prefix.into(),
            ..self
        }
    }

    /// Answers `GET path` with `200` and `{"status":"ok"}` as long as the
    /// application is up.
    pub fn enable_health_check(self, path: impl Into<String>) -> Self {
        Self {
            health_check: Some(path.into()),
            ..self
        }
    }

    /// Lets pages of other origins call the routes.
    pub fn enable_cors(self, options: CorsOptions) -> Self {
        Self {
            cors: Some(options),
            ..self
        }
    }

    /// Adds axum routes of your own.
    ///
    /// # Panics
    ///
    /// When a route is there already, as [`Router::merge`] does.
    #[track_caller]
    pub fn merge(self, routes: Router) -> Self {
        Self {
            routes: self.routes.merge(routes),
            ..self
        }
    }

    /// Everything that is served: these routes and those of the application's
    /// controllers.
    pub(crate) fn into_router(self, container: &Container) -> Router {
        let mut routes = self.routes;
        for router in controller::routers(container) {
            routes = routes.merge(router);
        }
        if let Some(path) = &self.health_check {
            let ok = async || ([(CONTENT_TYPE, "application/json")], r#"{"status":"ok"}"#);
            routes = routes.route(&rooted(path), routing::get(ok));
        }
        let prefix = self.global_prefix.trim_matches('/');
        if !prefix.is_empty() {
            routes = Router::new().nest(&rooted(prefix), routes);
        }
        match self.cors {
            Some(cors) => routes.layer(cors.into_layer()),
            None => routes,
        }
    }

    fn socket_addr(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.listen_ip, port)
    }
}

impl fmt::Debug for NestApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestApplication")
            .field("listen_ip", &self.listen_ip)
            .field("global_prefix", &self.global_prefix)
            .field("health_check", &self.health_check)
            .field("cors", &self.cors)
            .finish_non_exhaustive()
    }
}

/// NestJS takes paths with and without the slash in front; axum does not.
fn rooted(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
}

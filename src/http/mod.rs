//! The HTTP side of an application, on axum: its routes are axum's, its
//! settings are `tower-http`'s under NestJS's names.

mod connection;
pub mod controller;
pub mod cors;
mod serve;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::header::CONTENT_TYPE;
use axum::{Router, routing};
use nestrs_di::Container;

pub use controller::Controller;
pub use cors::CorsOptions;
pub(crate) use serve::RunningHttp;

/// The HTTP side of an application, being set up.
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
    listen_ip: IpAddr,
    global_prefix: String,
    health_check: Option<String>,
    cors: Option<CorsOptions>,
    routes: Router,
}

impl Default for NestApplication {
    fn default() -> Self {
        Self {
            listen_ip: Ipv4Addr::LOCALHOST.into(),
            global_prefix: String::new(),
            health_check: None,
            cors: None,
            routes: Router::new(),
        }
    }
}

impl NestApplication {
    /// Listens on `ip` instead of 127.0.0.1; `0.0.0.0` is every interface.
    pub fn set_listen_ip(self, ip: impl Into<IpAddr>) -> Self {
        Self {
            listen_ip: ip.into(),
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

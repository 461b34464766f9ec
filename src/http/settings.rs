//! What can be set up of the HTTP side, under NestJS's names.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use nestrs_di::GraphBuilder;
use nestrs_microservices::GlobalEnhancers;

use super::prefix::Prefix;
use super::{
    CorsOptions, ExceptionFilter, Guard, Http, Interceptor, NestApplication, Pipe, Versioning,
};

/// 2 MiB, as axum has it.
const DEFAULT_BODY_LIMIT: usize = 2 * 1024 * 1024;
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) struct Settings {
    pub(super) prefix: Prefix,
    pub(super) versioning: Option<Arc<Versioning>>,
    pub(super) health_check: Option<String>,
    pub(super) readiness_check: Option<String>,
    pub(super) cors: Option<CorsOptions>,
    pub(super) compression: bool,
    pub(super) body_limit: Option<usize>,
    pub(super) request_timeout: Option<Duration>,
    pub(super) expose_errors: bool,
    pub(crate) global: GlobalEnhancers<Http>,
    /// Of axum's own, and where they are.
    pub(super) routes: Router,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: Prefix::default(),
            versioning: None,
            health_check: None,
            readiness_check: None,
            cors: None,
            compression: false,
            body_limit: Some(DEFAULT_BODY_LIMIT),
            request_timeout: Some(DEFAULT_REQUEST_TIMEOUT),
            expose_errors: false,
            global: GlobalEnhancers::NONE,
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

    /// How long each `async` constructor and each hook of a provider may take;
    /// as long as it likes, unless told otherwise. One that takes longer is
    /// named with its path, and what had been started is stopped again. What
    /// blocks its thread cannot be timed out, see
    /// [`Options::timeout`](nestrs_di::Options::timeout). In hybrid mode the
    /// microservice application's own counts.
    pub fn provider_timeout(mut self, limit: Duration) -> Self {
        self.bootstrap.options = self.bootstrap.options.timeout(limit, tokio::time::sleep);
        self
    }

    /// How long what is in hand may take to finish once the application stops;
    /// 10 s unless told otherwise. In hybrid mode the microservice
    /// application's own counts.
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.bootstrap.grace_period = grace_period;
        self
    }

    /// Starts what `change` makes of the application's graph: one with parts
    /// replaced, for a test.
    pub fn configure_graph(mut self, change: impl FnOnce(GraphBuilder) -> GraphBuilder) -> Self {
        self.bootstrap.graph = change(self.bootstrap.graph);
        self
    }

    /// Answers messages too, through this server: NestJS's `connectMicroservice`.
    /// Of one kind or of several, as many as there are; see
    /// [`Microservice`](crate::Microservice) for which handlers answer where.
    ///
    /// ```
    /// use nestrs::microservices::{MemoryHub, MemoryMicroserviceOptions, TcpMicroserviceOptions};
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let running = NestFactory::create::<AppModule>()
    ///     .connect_microservice(TcpMicroserviceOptions::new("127.0.0.1:0"))
    ///     .connect_microservice(MemoryMicroserviceOptions::new(&MemoryHub::new()))
    ///     .start(0)
    ///     .await?;
    /// assert_eq!(running.addresses().len(), 3);
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "microservices")]
    pub fn connect_microservice(mut self, server: impl Into<crate::Microservice>) -> Self {
        self.microservices.push(server.into());
        self
    }

    /// Puts `prefix` before the path of every route, the health check's
    /// included.
    pub fn set_global_prefix(self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.set(|settings| settings.prefix.prefix = prefix)
    }

    /// Leaves these paths without the global prefix: of controllers, as they
    /// are written in the attributes, and of the health checks. One that ends in
    /// `{*rest}` is all that begins so.
    ///
    /// ```
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create::<AppModule>()
    ///     .set_global_prefix("api")
    ///     .enable_health_check("/health")
    ///     .exclude_from_global_prefix(["/health", "/hooks/{*rest}"]);
    /// # drop(app);
    /// ```
    pub fn exclude_from_global_prefix<P: Into<String>>(
        self,
        paths: impl IntoIterator<Item = P>,
    ) -> Self {
        let paths = paths.into_iter().map(Into::into);
        self.set(|settings| settings.prefix.excluded.extend(paths))
    }

    /// Tells versions of the API apart: see [`Versioning`]. Without it, what
    /// controllers and routes say of versions means nothing.
    pub fn enable_versioning(self, versioning: Versioning) -> Self {
        self.set(|settings| settings.versioning = Some(Arc::new(versioning)))
    }

    /// Answers `GET path` with `200` and `{"status":"ok"}` as long as the
    /// application is up.
    pub fn enable_health_check(self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.set(|settings| settings.health_check = Some(path))
    }

    /// Answers `GET path` with `200` when the application is ready for work, and
    /// with `503` when it is not: when one of its servers or clients has no
    /// connection, when a provider that is a
    /// [`HealthIndicator`](nestrs_di::HealthIndicator) says so, and from the
    /// moment it is told to stop. The body says which, as NestJS's Terminus does:
    ///
    /// ```json
    /// {
    ///   "status": "error",
    ///   "info": { "tcp": { "status": "up" } },
    ///   "error": { "Database": { "status": "down", "message": "no connection" } },
    ///   "details": { "Database": { "…": "…" }, "tcp": { "…": "…" } }
    /// }
    /// ```
    ///
    /// A client that has no connection yet is told to make one.
    pub fn enable_readiness_check(self, path: impl Into<String>) -> Self {
        let path = path.into();
        self.set(|settings| settings.readiness_check = Some(path))
    }

    /// Lets pages of other origins call the routes.
    pub fn enable_cors(self, options: CorsOptions) -> Self {
        self.set(|settings| settings.cors = Some(options))
    }

    /// Compresses responses with gzip for those who accept it.
    pub fn enable_compression(self) -> Self {
        self.set(|settings| settings.compression = true)
    }

    /// How many bytes the body of a request may have; a larger one is answered
    /// `413`. 2 MiB unless told otherwise, `None` for any number.
    pub fn body_limit(self, bytes: impl Into<Option<usize>>) -> Self {
        let bytes = bytes.into();
        self.set(|settings| settings.body_limit = bytes)
    }

    /// How long a handler may take to begin its response; what takes longer is
    /// dropped and answered `503`. 30 s unless told otherwise, `None` for as
    /// long as it likes.
    pub fn request_timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.set(|settings| settings.request_timeout = limit)
    }

    /// Whether callers are told of errors that are the application's own fault.
    /// They are not, unless told otherwise: such errors are logged, and
    /// answered with their status alone.
    pub fn expose_errors(self, expose_errors: bool) -> Self {
        self.set(|settings| settings.expose_errors = expose_errors)
    }

    /// Guards every route of every controller. One with dependencies is bound
    /// to [`AppHttpGuard`](super::AppHttpGuard) instead.
    pub fn use_global_guard(self, guard: impl Guard<Http>) -> Self {
        self.set(|settings| settings.global.guard(guard))
    }

    /// Wraps every route of every controller. One with dependencies is bound to
    /// [`AppHttpInterceptor`](super::AppHttpInterceptor) instead.
    pub fn use_global_interceptor(self, interceptor: impl Interceptor<Http>) -> Self {
        self.set(|settings| settings.global.interceptor(interceptor))
    }

    /// Transforms the JSON body of every request to a controller. A pipe with
    /// dependencies is bound to [`AppHttpPipe`](super::AppHttpPipe) instead.
    pub fn use_global_pipe(self, pipe: impl Pipe<Http>) -> Self {
        self.set(|settings| settings.global.pipe(pipe))
    }

    /// Answers for the errors of every route of every controller. A filter with
    /// dependencies is bound to [`AppHttpFilter`](super::AppHttpFilter) instead.
    pub fn use_global_filter(self, filter: impl ExceptionFilter<Http>) -> Self {
        self.set(|settings| settings.global.filter(filter))
    }

    /// Adds axum routes of your own, behind the global prefix. What runs around
    /// controllers does not run around these; [`Inject`](super::Inject) works in
    /// them.
    ///
    /// # Panics
    ///
    /// When a route is there already, as [`Router::merge`] does.
    #[track_caller]
    pub fn merge(self, routes: Router) -> Self {
        self.set(|settings| settings.routes = std::mem::take(&mut settings.routes).merge(routes))
    }

    /// As [`merge`](Self::merge), with a path before the routes.
    ///
    /// # Panics
    ///
    /// As [`Router::nest`] does.
    #[track_caller]
    pub fn nest(self, path: &str, routes: Router) -> Self {
        self.set(|settings| {
            settings.routes = std::mem::take(&mut settings.routes).nest(path, routes);
        })
    }

    #[track_caller]
    pub(crate) fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(&mut self.settings);
        self
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("prefix", &self.prefix)
            .field("versioning", &self.versioning)
            .field("health_check", &self.health_check)
            .field("cors", &self.cors)
            .field("body_limit", &self.body_limit)
            .field("request_timeout", &self.request_timeout)
            .finish_non_exhaustive()
    }
}

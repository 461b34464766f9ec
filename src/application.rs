//! [`MicroserviceApplication`]: an application that has been described and not
//! started.
//!
//! The next file on a message's path is `bootstrap.rs`.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use nestrs_di::{GraphBuilder, Module};
use nestrs_microservices::{ExceptionFilter, Guard, Interceptor, Pipe};

use crate::BootstrapError;
use crate::bootstrap::{Bootstrap, Served};
#[cfg(feature = "http")]
use crate::http::{HttpAt, NestApplication};
use crate::microservice::Microservice;
use crate::running::RunningApplication;

/// An application with a microservice server and, in hybrid mode, an HTTP side.
///
/// Made by [`NestFactory::create_microservice`](crate::NestFactory::create_microservice).
#[must_use = "an application does nothing until it is told to listen"]
pub struct MicroserviceApplication {
    bootstrap: Bootstrap,
    microservice: Microservice,
    others: Vec<Microservice>,
    #[cfg(feature = "http")]
    http_at: Option<HttpAt>,
    #[cfg(feature = "http")]
    http: NestApplication,
}

impl MicroserviceApplication {
    pub(crate) fn new<M: Module>(microservice: Microservice) -> Self {
        Self {
            bootstrap: Bootstrap::of::<M>(),
            microservice,
            others: Vec::new(),
            #[cfg(feature = "http")]
            http_at: None,
            #[cfg(feature = "http")]
            http: NestApplication::new::<M>(),
        }
    }

    /// Answers through another server as well, of the same transport or of
    /// another. See [`Microservice`] for which handlers.
    pub fn connect_microservice(mut self, server: impl Into<Microservice>) -> Self {
        self.others.push(server.into());
        self
    }

    /// Hybrid mode: serve HTTP from the same process, on `port`; 0 is a free
    /// one.
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
    ///     .also_listen_http(3000)
    ///     .configure_http(|http| http.enable_health_check("/health"));
    /// # drop(app);
    /// ```
    #[cfg(feature = "http")]
    pub fn also_listen_http(self, port: u16) -> Self {
        Self {
            http_at: Some(HttpAt::Port(port)),
            ..self
        }
    }

    /// Hybrid mode on one port: serve HTTP on that of the gRPC server, with its
    /// TLS. What is no gRPC is HTTP there.
    ///
    /// ```
    /// use nestrs::microservices::GrpcMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let options = GrpcMicroserviceOptions::new("127.0.0.1:0");
    /// let running = NestFactory::create_microservice::<AppModule>(options)
    ///     .also_serve_http()
    ///     .configure_http(|http| http.enable_health_check("/health"))
    ///     .start()
    ///     .await?;
    /// assert_eq!(running.http_addr(), running.local_addr());
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(all(feature = "http", feature = "microservices-grpc"))]
    pub fn also_serve_http(self) -> Self {
        Self {
            http_at: Some(HttpAt::GrpcServer),
            ..self
        }
    }

    /// Sets up the HTTP side, which [`also_listen_http`](Self::also_listen_http)
    /// turns on.
    #[cfg(feature = "http")]
    pub fn configure_http(
        self,
        configure: impl FnOnce(NestApplication) -> NestApplication,
    ) -> Self {
        Self {
            http: configure(self.http),
            ..self
        }
    }

    /// Guards every message handler of the application. One with dependencies
    /// is bound to [`AppGuard`](nestrs_microservices::AppGuard) instead.
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    /// use serde_json::Value;
    ///
    /// #[derive(Default)]
    /// struct NoNulls;
    ///
    /// #[async_trait]
    /// impl MicroCanActivate for NoNulls {
    ///     async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
    ///         match payload {
    ///             Value::Null => Err(TransportError::new("a payload, please")),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
    ///     .use_global_guard(NoNulls);
    /// # drop(app);
    /// ```
    pub fn use_global_guard(mut self, guard: impl Guard) -> Self {
        self.bootstrap.global.guard(guard);
        self
    }

    /// Wraps every message handler of the application. One with dependencies is
    /// bound to [`AppInterceptor`](nestrs_microservices::AppInterceptor)
    /// instead.
    pub fn use_global_interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.bootstrap.global.interceptor(interceptor);
        self
    }

    /// Transforms the payload of every message. A pipe with dependencies is
    /// bound to [`AppPipe`](nestrs_microservices::AppPipe) instead.
    pub fn use_global_pipe(mut self, pipe: impl Pipe) -> Self {
        self.bootstrap.global.pipe(pipe);
        self
    }

    /// Answers for the errors of every message handler. A filter with
    /// dependencies is bound to
    /// [`AppFilter`](nestrs_microservices::AppFilter) instead.
    pub fn use_global_filter(mut self, filter: impl ExceptionFilter) -> Self {
        self.bootstrap.global.filter(filter);
        self
    }

    /// Whether callers are told what went wrong in a handler that returned an
    /// error which is no [`TransportError`](nestrs_core::TransportError).
    /// They are not, unless told otherwise: such errors are logged, and answered
    /// as `Internal server error`.
    pub fn expose_errors(mut self, expose_errors: bool) -> Self {
        self.microservice.expose_errors = expose_errors;
        for other in &mut self.others {
            other.expose_errors = expose_errors;
        }
        self
    }

    /// Puts a layer of `tower` around all that the first server hands on: a limit, a
    /// timeout, a shedding of load. A layer that is added later goes around
    /// those before it.
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    /// use std::time::Duration;
    /// use tower::ServiceBuilder;
    /// use tower::limit::ConcurrencyLimitLayer;
    /// use tower::load_shed::LoadShedLayer;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let shed = ServiceBuilder::new()
    ///     .layer(LoadShedLayer::new())
    ///     .layer(ConcurrencyLimitLayer::new(1_000));
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
    ///     .layer(shed);
    /// # drop(app);
    /// ```
    #[cfg(feature = "tower")]
    pub fn layer<L>(mut self, layer: L) -> Self
    where
        L: tower_layer::Layer<nestrs_microservices::DispatchService> + Send + 'static,
        nestrs_microservices::LayeredDispatch<L::Service>: nestrs_core::Dispatch,
    {
        self.microservice.layers.push(Box::new(|inner| {
            std::sync::Arc::new(nestrs_microservices::LayeredDispatch::new(inner, layer))
        }));
        self
    }

    /// Starts what `change` makes of the application's graph: one with parts
    /// replaced, for a test.
    ///
    /// ```
    /// use nestrs::di::Provider;
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// struct Url(&'static str);
    ///
    /// #[module(providers = [Provider::value(Url("db://production"))])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let options = TcpMicroserviceOptions::new("127.0.0.1:0");
    /// let running = NestFactory::create_microservice::<AppModule>(options)
    ///     .configure_graph(|graph| graph.replace(Provider::value(Url("db://test"))))
    ///     .start()
    ///     .await?;
    /// assert_eq!(running.get::<Url>().unwrap().0, "db://test");
    /// # running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_graph(mut self, change: impl FnOnce(GraphBuilder) -> GraphBuilder) -> Self {
        self.bootstrap.graph = change(self.bootstrap.graph);
        self
    }

    /// How long each `async` constructor and each hook of a provider may take;
    /// as long as it likes, unless told otherwise. One that takes longer is
    /// named with its path, and what had been started is stopped again. What
    /// blocks its thread cannot be timed out, see
    /// [`Options::timeout`](nestrs_di::Options::timeout).
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    /// use std::time::Duration;
    ///
    /// struct Pool;
    ///
    /// #[injectable]
    /// impl Pool {
    ///     #[constructor]
    ///     async fn connect() -> Self {
    ///         std::future::pending().await
    ///     }
    /// }
    ///
    /// #[module(providers = [Pool])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::new("127.0.0.1:0"))
    ///     .provider_timeout(Duration::from_millis(50));
    /// let report = app.try_listen().await.unwrap_err().to_string();
    /// assert!(report.contains("the constructor of `Pool` did not finish within 50ms"));
    /// assert!(report.contains("path: AppModule > Pool"));
    /// # }
    /// ```
    pub fn provider_timeout(mut self, limit: Duration) -> Self {
        self.bootstrap.options = self.bootstrap.options.timeout(limit, tokio::time::sleep);
        self
    }

    /// How long what is in hand may take to finish once the application stops;
    /// 10 s unless told otherwise. What takes longer is dropped.
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.bootstrap.grace_period = grace_period;
        self
    }

    /// Starts and runs until SIGINT or SIGTERM, then finishes what is in hand.
    ///
    /// When it cannot start, the whole report goes to standard error and the
    /// process exits with 1. To have it as a value, call
    /// [`try_listen`](Self::try_listen).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the application without finishing anything.
    pub async fn listen(self) {
        let (bootstrap, served) = self.described();
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
    pub async fn try_listen(self) -> Result<(), BootstrapError> {
        let (bootstrap, served) = self.described();
        bootstrap.run(served).await
    }

    /// [`try_listen`](Self::try_listen) that runs until `shutdown` is ready
    /// instead of until a signal.
    ///
    /// # Errors
    ///
    /// When the application cannot start; nothing of it runs then.
    pub async fn listen_with_shutdown(
        self,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), BootstrapError> {
        let running = self.start().await?;
        shutdown.await;
        running.shutdown().await;
        Ok(())
    }

    /// Starts, and returns once every server is ready to be called.
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
    /// println!("{}", running.addresses().join(", "));
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
    pub async fn start(self) -> Result<RunningApplication, BootstrapError> {
        let (bootstrap, served) = self.described();
        bootstrap.start(served).await
    }

    #[cfg(feature = "http")]
    pub(crate) fn share(
        mut self,
        share: impl FnOnce(&mut nestrs_microservices::GlobalEnhancers),
    ) -> Self {
        share(&mut self.bootstrap.global);
        self
    }

    fn described(self) -> (Bootstrap, Served) {
        let mut microservices = vec![self.microservice];
        microservices.extend(self.others);
        let served = Served {
            microservices,
            #[cfg(feature = "http")]
            http: self.http_at.map(|at| (at, self.http)),
        };
        (self.bootstrap, served)
    }
}

impl fmt::Debug for MicroserviceApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MicroserviceApplication")
            .field("transport", &self.microservice.transport())
            .finish_non_exhaustive()
    }
}

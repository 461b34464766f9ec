//! [`TestingModuleBuilder`]: an application under test before it starts.
//!
//! The next file is `overrides.rs`.

use std::fmt;
use std::marker::PhantomData;

use nestrs::di::{Graph, GraphBuilder, Module, ModuleImport};
use nestrs::microservices::{MemoryHub, MemoryMicroserviceOptions, TransportServer};
use nestrs::{BootstrapError, MicroserviceApplication, NestApplication, NestFactory};

use crate::server::Standing;
use crate::testing_module::TestingModule;

/// Where a test of an application begins.
#[derive(Debug, Clone, Copy)]
pub struct Test;

impl Test {
    /// The application that starts at `M`, to be compiled.
    pub fn create_testing_module<M: Module>() -> TestingModuleBuilder<M> {
        TestingModuleBuilder {
            graph: Graph::builder::<M>(),
            microservice: Vec::new(),
            http: Vec::new(),
            hub: MemoryHub::new(),
            server: Standing::default(),
            root: PhantomData,
        }
    }
}

/// An application under test, described: what of it is replaced, and how it is
/// set up. See [`Test::create_testing_module`].
#[must_use = "nothing is built until it is compiled"]
pub struct TestingModuleBuilder<M> {
    pub(crate) graph: GraphBuilder,
    microservice: Vec<Configure<MicroserviceApplication>>,
    http: Vec<Configure<NestApplication>>,
    pub(crate) hub: MemoryHub,
    server: Standing,
    root: PhantomData<fn() -> M>,
}

type Configure<A> = Box<dyn FnOnce(A) -> A + Send>;

impl<M: Module> TestingModuleBuilder<M> {
    /// Sets the application up as its `main` does: global guards and the like.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct AppModule;
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .configure_microservice(|app| app.expose_errors(true));
    /// ```
    pub fn configure_microservice(
        mut self,
        configure: impl FnOnce(MicroserviceApplication) -> MicroserviceApplication + Send + 'static,
    ) -> Self {
        self.microservice.push(Box::new(configure));
        self
    }

    /// Sets the HTTP side up as the application's `main` does, by the function
    /// that it gives to
    /// [`configure_http`](MicroserviceApplication::configure_http).
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .configure_http(|http| http.enable_health_check("/health"))
    ///     .compile()
    ///     .await?;
    /// assert_eq!(module.http().get("/health").send().await.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    pub fn configure_http(
        mut self,
        configure: impl FnOnce(NestApplication) -> NestApplication + Send + 'static,
    ) -> Self {
        self.http.push(Box::new(configure));
        self
    }

    /// Lets [`client`](TestingModule::client) reach the handlers that `server`
    /// would, those with `transport = …` for it and its wildcards included.
    ///
    /// ```
    /// # use nestrs::microservices::TcpMicroserviceOptions;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct AppModule;
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .in_place_of_server(&TcpMicroserviceOptions::default());
    /// ```
    pub fn in_place_of_server(self, server: &impl TransportServer) -> Self {
        Self {
            server: Standing::for_server(server),
            ..self
        }
    }

    /// Checks and builds the application and runs its hooks, by the
    /// application's own way; only that nothing listens on a socket.
    ///
    /// # Errors
    ///
    /// When the application cannot start, as in production; and what was to be
    /// overridden and is not there.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what has been built.
    pub async fn compile(self) -> Result<TestingModule, BootstrapError> {
        let hub = self.hub;
        let server = self.server.over(MemoryMicroserviceOptions::new(&hub));
        let app = NestFactory::create_microservice::<M>(server).configure_graph(|_| self.graph);
        let configure = self.microservice.into_iter();
        let app = configure.fold(app, |app, configure| configure(app));
        let running = app.start().await?;
        let http = NestFactory::create::<M>();
        let http = self
            .http
            .into_iter()
            .fold(http, |http, set_up| set_up(http));
        match http.router(running.container()) {
            Ok(router) => Ok(TestingModule::new(running, hub, router)),
            Err(error) => {
                running.shutdown().await;
                Err(error)
            }
        }
    }

    #[track_caller]
    pub(crate) fn replace_module<O: Module>(self, module: ModuleImport) -> Self {
        let graph = self.graph.replace_module::<O>(module);
        Self { graph, ..self }
    }

    pub(crate) fn configure_graph(self, change: impl FnOnce(GraphBuilder) -> GraphBuilder) -> Self {
        Self {
            graph: change(self.graph),
            ..self
        }
    }
}

impl<M> fmt::Debug for TestingModuleBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestingModuleBuilder")
            .field("graph", &self.graph)
            .finish_non_exhaustive()
    }
}

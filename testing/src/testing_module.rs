//! [`TestingModule`]: an application under test that runs.
//!
//! The next files are `http.rs` and `client/`.

use std::sync::Arc;

use nestrs::RunningApplication;
use nestrs::axum::Router;
use nestrs::di::{Container, Key, Module, ModuleRef, RequestScope, ResolveError};
use nestrs::microservices::{
    ClientProxy, EventBus, MemoryHub, MemoryTransport, MemoryTransportOptions,
};

use crate::http::TestHttp;

/// An application under test: built, its hooks run, reached without sockets.
/// See [`TestingModuleBuilder::compile`](crate::TestingModuleBuilder::compile).
///
/// Dropping it stops it at once; [`close`](Self::close) runs the hooks of the
/// way down.
#[derive(Debug)]
#[must_use = "dropping an application stops it"]
pub struct TestingModule {
    app: RunningApplication,
    hub: MemoryHub,
    http: TestHttp,
}

impl TestingModule {
    pub(crate) fn new(app: RunningApplication, hub: MemoryHub, router: Router) -> Self {
        let http = TestHttp::new(router);
        Self { app, hub, http }
    }

    /// The instance of a provider, in whatever module: the root module's own,
    /// else one that it sees, else the first in import order. `T` may be a
    /// trait.
    ///
    /// # Panics
    ///
    /// When no module provides it, or it is no singleton.
    #[track_caller]
    pub fn get<T: ?Sized + Send + Sync + 'static>(&self) -> Arc<T> {
        let container = self.container();
        let seen = container.module_ref(container.root()).get::<T>();
        let any = || container.all::<T>().into_iter().next();
        match seen.ok().or_else(any) {
            Some(instance) => instance,
            None if container.contains::<T>() => panic!(
                "`{0}` is no singleton, so there is no instance to get: `resolve::<{0}>().await`",
                Key::of::<T>()
            ),
            None => panic!("no module provides `{}`", Key::of::<T>()),
        }
    }

    /// The instance of a provider of that name.
    ///
    /// # Panics
    ///
    /// When no module provides it, or it is no singleton.
    #[track_caller]
    pub fn get_named<T: ?Sized + Send + Sync + 'static>(&self, name: &str) -> Arc<T> {
        match self.container().get_named::<T>(name) {
            Some(instance) => instance,
            None => panic!("no module provides `{} {name:?}`", Key::of::<T>()),
        }
    }

    /// A new instance of what is no singleton: a transient, or one of a request
    /// of its own.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// #[injectable(scope = "transient")]
    /// struct Job;
    ///
    /// #[module(providers = [Job])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let module = Test::create_testing_module::<AppModule>().compile().await?;
    /// let job = module.resolve::<Job>().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When no module provides it, or a constructor fails.
    ///
    /// # Cancel safety
    ///
    /// A constructor cut short leaves nothing behind.
    pub async fn resolve<T: ?Sized + Send + Sync + 'static>(&self) -> Result<Arc<T>, ResolveError> {
        self.scope().get::<T>().await
    }

    /// A request: what is resolved in it is of the same request.
    pub fn scope(&self) -> RequestScope {
        self.container().scope()
    }

    /// The container as the root module sees it.
    pub fn module_ref(&self) -> ModuleRef {
        let container = self.container();
        container.module_ref(container.root())
    }

    /// The container as the module `O` sees it.
    ///
    /// ```
    /// # use nestrs::di::Provider;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// #[module(providers = [Provider::value(7_u32)])]
    /// struct NumbersModule;
    ///
    /// #[module(imports = [NumbersModule])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let module = Test::create_testing_module::<AppModule>().compile().await?;
    /// assert_eq!(*module.select::<NumbersModule>().get::<u32>()?, 7);
    /// assert!(module.module_ref().get::<u32>().is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the application does not have it.
    #[track_caller]
    pub fn select<O: Module>(&self) -> ModuleRef {
        let container = self.container();
        match container.module::<O>() {
            Some(module) => container.module_ref(module),
            None => panic!("the application does not import `{}`", Key::of::<O>()),
        }
    }

    /// A client of the application's message handlers. Messages go through the
    /// whole pipeline, as from any transport.
    pub fn client(&self) -> ClientProxy {
        let options = MemoryTransportOptions::new(&self.hub);
        ClientProxy::new(Arc::new(MemoryTransport::new(options)))
    }

    /// The application's HTTP side. Requests go through its router and all
    /// that is around it.
    pub fn http(&self) -> &TestHttp {
        &self.http
    }

    /// The application's event bus.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>().compile().await?;
    /// module.event_bus().publish("user.created", "Ada".into()).await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn event_bus(&self) -> Arc<EventBus> {
        self.get::<EventBus>()
    }

    /// Everything that was built.
    pub fn container(&self) -> &Container {
        self.app.container()
    }

    /// Finishes what is in hand and runs the hooks of the way down.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what is still in hand.
    pub async fn close(self) {
        self.app.shutdown().await;
    }
}

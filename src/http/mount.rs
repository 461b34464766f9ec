//! The routes as an axum [`Router`], for those who serve it themselves.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use axum::Router;
use nestrs_core::StartError;
use nestrs_di::Container;
use nestrs_microservices::GlobalEnhancers;

use super::declared::joined;
use super::{NestApplication, bind, health, layers, table};
use crate::BootstrapError;
use crate::readiness::ReadinessOf;
use crate::running::RunningApplication;

impl NestApplication {
    /// Starts the application without listening for HTTP: its routes are for
    /// your own axum server to serve, or for a test to call.
    ///
    /// Your server's life is yours, the application's still the returned
    /// [`RunningApplication`]'s: once your server has stopped, call its
    /// [`shutdown`](RunningApplication::shutdown), which runs the hooks of the
    /// way down. Routes of an application that is gone answer on, so stop the
    /// server first.
    ///
    /// ```
    /// use nestrs::axum::{Router, serve};
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct ShopModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let (shop, running) = NestFactory::create::<ShopModule>()
    ///     .enable_health_check("/health")
    ///     .into_axum_router()
    ///     .await?;
    /// let site = Router::new().nest("/shop", shop);
    ///
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    /// # let signal = async {};
    /// serve(listener, site).with_graceful_shutdown(signal).await.unwrap();
    /// running.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the application cannot start, or routes are in each other's way;
    /// nothing of it runs then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops what has been started.
    pub async fn into_axum_router(
        mut self,
    ) -> Result<(Router, RunningApplication), BootstrapError> {
        let served = self.take_servers();
        let running = self.bootstrap.clone().start(served).await?;
        match self.router_of(running.readiness_of()) {
            Ok(router) => Ok((router, running)),
            Err(error) => {
                running.shutdown().await;
                Err(error)
            }
        }
    }

    /// The routes alone, over a container that has been built: for those who
    /// call its hooks themselves.
    ///
    /// ```
    /// use nestrs::di::Graph;
    /// use nestrs::prelude::*;
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let container = Graph::of::<AppModule>()?.construct().await?;
    /// let router = NestFactory::create::<AppModule>().router(&container)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When routes are in each other's way.
    pub fn router(self, container: &Container) -> Result<Router, BootstrapError> {
        self.router_of(Arc::new(ReadinessOf::new(container.clone())))
    }

    pub(crate) fn router_of(self, readiness: Arc<ReadinessOf>) -> Result<Router, BootstrapError> {
        // axum panics at that, which here is no more than a reason not to start.
        let router = catch_unwind(AssertUnwindSafe(|| self.into_router(readiness)));
        router.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            let message = said.unwrap_or("a controller panicked").to_owned();
            Err(BootstrapError::Http(StartError::Options { message }))
        })
    }

    fn into_router(self, readiness: Arc<ReadinessOf>) -> Result<Router, BootstrapError> {
        let (mut settings, container) = (self.settings, readiness.container().clone());
        let global = std::mem::replace(&mut settings.global, GlobalEnhancers::NONE);
        let routes = bind::routes(&container, global)?;
        let mut served = table::router(routes, &settings.prefix, settings.versioning.as_ref())?;
        let mut own = std::mem::take(&mut settings.routes);
        for router in bind::routers(&container) {
            own = own.merge(router);
        }
        let prefix = joined(&[&settings.prefix.prefix]);
        served = match &*prefix {
            "/" => served.merge(own),
            prefix => served.merge(Router::new().nest(prefix, own)),
        };
        served = health::routes(served, &settings, Arc::clone(&readiness));
        Ok(layers::around(served, &mut settings, readiness))
    }
}

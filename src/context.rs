//! [`ApplicationContext`]: an application that serves nothing.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use nestrs_di::{GraphBuilder, Module};

use crate::BootstrapError;
use crate::bootstrap::{Bootstrap, Served};
use crate::running::RunningApplication;

/// An application without servers, made by
/// [`NestFactory::create_application_context`](crate::NestFactory::create_application_context):
/// awaiting it starts it.
///
/// ```
/// use nestrs::prelude::*;
/// use std::time::Duration;
///
/// #[injectable]
/// struct Report;
///
/// #[module(providers = [Report])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs::BootstrapError> {
/// let app = NestFactory::create_application_context::<AppModule>()
///     .provider_timeout(Duration::from_secs(10))
///     .await?;
/// assert!(app.get::<Report>().is_some());
/// app.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "an application starts when it is awaited"]
pub struct ApplicationContext {
    bootstrap: Bootstrap,
}

impl ApplicationContext {
    pub(crate) fn new<M: Module>() -> Self {
        Self {
            bootstrap: Bootstrap::of::<M>(),
        }
    }

    /// Starts what `change` makes of the application's graph: one with parts
    /// replaced, for a test.
    ///
    /// ```
    /// use nestrs::di::Provider;
    /// use nestrs::prelude::*;
    ///
    /// struct Url(&'static str);
    ///
    /// #[module(providers = [Provider::value(Url("db://production"))])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let app = NestFactory::create_application_context::<AppModule>()
    ///     .configure_graph(|graph| graph.replace(Provider::value(Url("db://test"))))
    ///     .await?;
    /// assert_eq!(app.get::<Url>().unwrap().0, "db://test");
    /// # app.shutdown().await;
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
    /// let app = NestFactory::create_application_context::<AppModule>()
    ///     .provider_timeout(Duration::from_millis(50));
    /// let report = app.await.unwrap_err().to_string();
    /// assert!(report.contains("the constructor of `Pool` did not finish within 50ms"));
    /// # }
    /// ```
    pub fn provider_timeout(mut self, limit: Duration) -> Self {
        self.bootstrap.options = self.bootstrap.options.timeout(limit, tokio::time::sleep);
        self
    }

    /// How long what is in hand may take to finish once the application stops;
    /// 10 s unless told otherwise. What takes longer is dropped.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # #[module]
    /// # struct AppModule;
    /// use std::time::Duration;
    ///
    /// let app = NestFactory::create_application_context::<AppModule>()
    ///     .grace_period(Duration::from_secs(30));
    /// # drop(app);
    /// ```
    pub fn grace_period(mut self, grace_period: Duration) -> Self {
        self.bootstrap.grace_period = grace_period;
        self
    }
}

impl IntoFuture for ApplicationContext {
    type Output = Result<RunningApplication, BootstrapError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.bootstrap.start(Served::default()))
    }
}

impl fmt::Debug for ApplicationContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApplicationContext")
            .field("graph", &self.bootstrap.graph)
            .finish_non_exhaustive()
    }
}

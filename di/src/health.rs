//! Asks providers whether they are ready for work.

use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::FutureExt;
use futures_util::future::{join_all, ready};

use crate::container::Container;
use crate::hooks::{Hook, HookError};
use crate::key::Key;

impl Container {
    /// What each provider that is a [`HealthIndicator`](crate::HealthIndicator) says of itself now. All are asked at the same time.
    ///
    /// ```
    /// use nestrs_di::{Graph, HealthIndicator, HookError, injectable, module};
    ///
    /// #[injectable]
    /// struct Pool;
    ///
    /// impl HealthIndicator for Pool {
    ///     async fn check_health(&self) -> Result<(), HookError> {
    ///         Err("no connection".into())
    ///     }
    /// }
    ///
    /// #[module(providers = [Pool])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let (provider, health) = container.health().await.remove(0);
    /// assert_eq!(provider.short_name(), "Pool");
    /// assert_eq!(health.unwrap_err().to_string(), "no connection");
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Checks under way are cut short.
    pub async fn health(&self) -> Vec<(Key, Result<(), HookError>)> {
        let inner = self.inner();
        let indicators = inner.graph.provider_ids().filter_map(|id| {
            let (check, instance) = inner.hook(id, Hook::Health)?;
            let key = inner.graph.provider(id).key();
            let panicked = |_| Err("the check panicked".into());
            // The call itself may panic before there is a future.
            let health = match catch_unwind(AssertUnwindSafe(|| check(instance, None))) {
                Ok(check) => AssertUnwindSafe(check)
                    .catch_unwind()
                    .map(move |health| health.unwrap_or_else(panicked))
                    .boxed(),
                Err(panic) => ready(panicked(panic)).boxed(),
            };
            Some(health.map(move |health| (key, health)))
        });
        join_all(indicators).await
    }
}

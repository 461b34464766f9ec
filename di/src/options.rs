//! How long things may take, and how many at once.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, FutureExt, select};

use crate::failure::Cause;

/// Limits on building an application and on its hooks.
///
/// ```
/// use nestrs_di::{Graph, Options, module};
/// use std::time::Duration;
///
/// #[module]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let options = Options::new().concurrency(8).timeout(Duration::from_secs(10), tokio::time::sleep);
/// let container = Graph::of::<AppModule>().unwrap().construct_with(options).await.unwrap();
/// # }
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) concurrency: usize,
    timeout: Option<Timeout>,
}

#[derive(Clone)]
struct Timeout {
    limit: Duration,
    sleep: Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Options {
    /// Sixty-four asynchronous constructors at once, and no limit on how long each takes.
    pub fn new() -> Self {
        Self {
            concurrency: 64,
            timeout: None,
        }
    }

    /// How many asynchronous constructors or hooks may be under way at once, at least one.
    ///
    /// ```
    /// let options = nestrs_di::Options::new().concurrency(8);
    /// ```
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self {
            concurrency: concurrency.max(1),
            ..self
        }
    }

    /// How long each asynchronous constructor and each hook may take. The container has no clock of its own:
    /// `sleep` is the runtime's, for instance `tokio::time::sleep`.
    ///
    /// What blocks its thread cannot be timed out: a constructor that is not `async`, or one that computes or waits without `.await`.
    /// Nobody looks at the clock until it returns. Make what may take long `async`, and hand what has to block to a thread of its own,
    /// for instance by `tokio::task::spawn_blocking(…).await`.
    #[must_use]
    pub fn timeout<F>(
        self,
        limit: Duration,
        sleep: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let sleep = Arc::new(move |limit| sleep(limit).boxed());
        Self {
            timeout: Some(Timeout { limit, sleep }),
            ..self
        }
    }

    /// Runs a user's future to its end, to its panic, or to the limit.
    pub(crate) async fn supervise<T>(
        &self,
        future: BoxFuture<'_, Result<T, Cause>>,
    ) -> Result<T, Cause> {
        let future = AssertUnwindSafe(future).catch_unwind();
        let result = match &self.timeout {
            None => future.await,
            Some(Timeout { limit, sleep }) => match select(future, sleep(*limit)).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => return Err(Cause::TimedOut(*limit)),
            },
        };
        result.unwrap_or_else(|panic| Err(Cause::panicked(&*panic)))
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let timeout = self.timeout.as_ref().map(|timeout| timeout.limit);
        f.debug_struct("Options")
            .field("concurrency", &self.concurrency)
            .field("timeout", &timeout)
            .finish()
    }
}

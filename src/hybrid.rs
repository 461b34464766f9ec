//! Enhancers that go around everything an application answers, messages and
//! HTTP alike.

use std::sync::Arc;

use nestrs_microservices::{ExceptionFilter, Guard, Interceptor, Pipe};

use crate::MicroserviceApplication;
use crate::http::Http;

impl MicroserviceApplication {
    /// Guards every message handler and every route with one guard, which is
    /// made for both: by being generic over the
    /// [`Protocol`](crate::http::Protocol), or by being a guard of each.
    ///
    /// ```
    /// use nestrs::microservices::TcpMicroserviceOptions;
    /// use nestrs::prelude::*;
    ///
    /// struct KnownTenant;
    ///
    /// #[async_trait]
    /// impl<P: Protocol> Guard<P> for KnownTenant {
    ///     async fn can_activate(&self, call: &P::Call) -> Result<(), P::Error> {
    ///         match call.header("tenant") {
    ///             Some(_) => Ok(()),
    ///             None => Err(HttpException::unauthorized("who are you?")).map_err(TransportError::from)?,
    ///         }
    ///     }
    /// }
    ///
    /// #[module]
    /// struct AppModule;
    ///
    /// let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
    ///     .use_hybrid_guard(KnownTenant)
    ///     .also_listen_http(3000);
    /// # drop(app);
    /// ```
    pub fn use_hybrid_guard(self, guard: impl Guard + Guard<Http>) -> Self {
        let guard = Arc::new(guard);
        let http = Arc::clone(&guard);
        self.share(|global| global.shared_guard(guard))
            .configure_http(|app| app.set(|settings| settings.global.shared_guard(http)))
    }

    /// As [`use_hybrid_guard`](Self::use_hybrid_guard), for an interceptor.
    pub fn use_hybrid_interceptor(self, interceptor: impl Interceptor + Interceptor<Http>) -> Self {
        let interceptor = Arc::new(interceptor);
        let http = Arc::clone(&interceptor);
        self.share(|global| global.shared_interceptor(interceptor))
            .configure_http(|app| app.set(|settings| settings.global.shared_interceptor(http)))
    }

    /// As [`use_hybrid_guard`](Self::use_hybrid_guard), for a pipe.
    pub fn use_hybrid_pipe(self, pipe: impl Pipe + Pipe<Http>) -> Self {
        let pipe = Arc::new(pipe);
        let http = Arc::clone(&pipe);
        self.share(|global| global.shared_pipe(pipe))
            .configure_http(|app| app.set(|settings| settings.global.shared_pipe(http)))
    }

    /// As [`use_hybrid_guard`](Self::use_hybrid_guard), for an exception filter.
    pub fn use_hybrid_filter(self, filter: impl ExceptionFilter + ExceptionFilter<Http>) -> Self {
        let filter = Arc::new(filter);
        let http = Arc::clone(&filter);
        self.share(|global| global.shared_filter(filter))
            .configure_http(|app| app.set(|settings| settings.global.shared_filter(http)))
    }
}

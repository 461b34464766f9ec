//! What of an application under test is replaced.

use std::sync::Arc;

use nestrs::di::{Key, Module, Provider};
use nestrs::http::Http;
use nestrs::microservices::{
    ClientProxy, ClientsService, ExceptionFilter, Guard, Interceptor, MemoryTransport,
    MemoryTransportOptions, Pipe, Transport,
};

use crate::builder::TestingModuleBuilder;
use crate::client::ClientMock;
use crate::override_enhancer::OverrideEnhancer;
use crate::override_module::OverrideModule;
use crate::override_provider::OverrideProvider;

impl<M: Module> TestingModuleBuilder<M> {
    /// Puts something else in the place of every provider of `T`, in whatever
    /// module. `T` may be a trait: `override_provider::<dyn Payments>()`.
    ///
    /// ```
    /// use nestrs::di::Provider;
    /// use nestrs::prelude::*;
    /// use nestrs_testing::Test;
    ///
    /// struct Url(&'static str);
    ///
    /// #[module(providers = [Provider::value(Url("db://production"))])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_provider::<Url>()
    ///     .use_value(Url("db://test"))
    ///     .compile()
    ///     .await?;
    /// assert_eq!(module.get::<Url>().0, "db://test");
    /// # Ok(())
    /// # }
    /// ```
    pub fn override_provider<T: ?Sized + Send + Sync + 'static>(self) -> OverrideProvider<M, T> {
        OverrideProvider::new(self)
    }

    /// Puts another module in the place of `O`, wherever it is imported.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct DatabaseModule;
    /// # #[module(imports = [DatabaseModule])] struct AppModule;
    /// #[module]
    /// struct InMemoryModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_module::<DatabaseModule>()
    ///     .use_module::<InMemoryModule>()
    ///     .compile()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn override_module<O: Module>(self) -> OverrideModule<M, O> {
        OverrideModule::new(self)
    }

    /// Puts another guard in the place of `G`, wherever that is named: in an
    /// attribute, in `ModuleEnhancers`, or bound to `AppGuard`.
    ///
    /// One that is given as an instance, as to `use_global_guard`, is named
    /// nowhere and cannot be replaced. It belongs to the program's `main`, which a
    /// test does not run: bind a guard that tests are to replace to `AppGuard`.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use serde_json::Value;
    /// use nestrs_testing::{PassThrough, Test};
    ///
    /// # #[derive(Default)]
    /// # struct TokenGuard;
    /// # #[async_trait]
    /// # impl MicroCanActivate for TokenGuard {
    /// #     async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
    /// #         Err(TransportError::new("Forbidden resource"))
    /// #     }
    /// # }
    /// #[injectable]
    /// struct SecureService;
    ///
    /// #[micro_routes]
    /// impl SecureService {
    ///     #[message_pattern("secure.action")]
    ///     #[use_micro_guards(TokenGuard)]
    ///     async fn action(&self) -> &'static str {
    ///         "done"
    ///     }
    /// }
    ///
    /// #[module(microservices = [SecureService])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_guard::<TokenGuard>()
    ///     .use_value(PassThrough)
    ///     .compile()
    ///     .await?;
    /// let answer: String = module.client().send("secure.action", &()).await?;
    /// assert_eq!(answer, "done");
    /// # Ok(())
    /// # }
    /// ```
    pub fn override_guard<G: Guard>(self) -> OverrideEnhancer<M, G, dyn Guard> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_guard`](Self::override_guard), for an interceptor.
    pub fn override_interceptor<I: Interceptor>(self) -> OverrideEnhancer<M, I, dyn Interceptor> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_guard`](Self::override_guard), for a pipe.
    pub fn override_pipe<P: Pipe>(self) -> OverrideEnhancer<M, P, dyn Pipe> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_guard`](Self::override_guard), for an exception filter.
    pub fn override_filter<F: ExceptionFilter>(
        self,
    ) -> OverrideEnhancer<M, F, dyn ExceptionFilter> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_guard`](Self::override_guard), for the guard of HTTP
    /// routes. One that guards messages too is overridden with both.
    ///
    /// ```
    /// use nestrs::prelude::*;
    /// use nestrs_testing::{PassThrough, Test};
    ///
    /// #[derive(Default)]
    /// struct SignedIn;
    ///
    /// #[async_trait]
    /// impl Guard<Http> for SignedIn {
    ///     async fn can_activate(&self, _: &HttpRequest) -> Result<(), HttpException> {
    ///         Err(HttpException::unauthorized("who are you?"))
    ///     }
    /// }
    ///
    /// #[controller("/orders")]
    /// struct OrdersController;
    ///
    /// #[routes]
    /// #[use_guards(SignedIn)]
    /// impl OrdersController {
    ///     #[get]
    ///     async fn list(&self) -> &'static str {
    ///         "all of them"
    ///     }
    /// }
    ///
    /// #[module(controllers = [OrdersController])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_http_guard::<SignedIn>()
    ///     .use_value(PassThrough)
    ///     .compile()
    ///     .await?;
    /// let response = module.http().get("/orders").send().await;
    /// assert_eq!(response.text(), "all of them");
    /// # Ok(())
    /// # }
    /// ```
    pub fn override_http_guard<G: Guard<Http>>(self) -> OverrideEnhancer<M, G, dyn Guard<Http>> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_http_guard`](Self::override_http_guard), for an
    /// interceptor.
    pub fn override_http_interceptor<I: Interceptor<Http>>(
        self,
    ) -> OverrideEnhancer<M, I, dyn Interceptor<Http>> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_http_guard`](Self::override_http_guard), for a pipe.
    pub fn override_http_pipe<P: Pipe<Http>>(self) -> OverrideEnhancer<M, P, dyn Pipe<Http>> {
        OverrideEnhancer::new(self)
    }

    /// As [`override_http_guard`](Self::override_http_guard), for an exception
    /// filter.
    pub fn override_http_filter<F: ExceptionFilter<Http>>(
        self,
    ) -> OverrideEnhancer<M, F, dyn ExceptionFilter<Http>> {
        OverrideEnhancer::new(self)
    }

    /// Has a mock answer what a client sends: the client of its name, however
    /// it is asked for. The client's own timeout and interceptors stay. See
    /// [`client_mock`](crate::client_mock()).
    #[track_caller]
    pub fn override_client<C>(self, mock: &ClientMock<C>) -> Self {
        self.send_over(mock.name(), mock.transport())
    }

    /// Has the client of that name send to the application under test itself:
    /// for a gateway that calls what runs beside it.
    ///
    /// ```
    /// use nestrs::microservices::TcpTransportOptions;
    /// use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    ///
    /// #[module(imports = [ClientsModule::register(&[
    ///     ClientConfig::tcp("orders", TcpTransportOptions::default()),
    /// ])])]
    /// struct AppModule;
    ///
    /// let module = Test::create_testing_module::<AppModule>().connect_client("orders");
    /// ```
    #[track_caller]
    pub fn connect_client(self, name: &'static str) -> Self {
        let options = MemoryTransportOptions::new(&self.hub);
        self.send_over(Some(name), Arc::new(MemoryTransport::new(options)))
    }

    #[track_caller]
    fn send_over(mut self, name: Option<&'static str>, transport: Arc<dyn Transport>) -> Self {
        let other = Arc::clone(&transport);
        let client = move |client: &ClientProxy| client.over(Arc::clone(&transport));
        let clients = move |clients: &ClientsService| {
            let mut names = clients.names();
            let only = names.next().filter(|_| names.next().is_none());
            match name.or(only) {
                Some(name) => clients.replace(name, |client| client.over(Arc::clone(&other))),
                None => clients.clone(),
            }
        };
        let graph = self.graph.decorate(name, client);
        self.graph = graph.decorate_if_provided(None, clients);
        self
    }

    /// Asks `mocker` for whatever is asked for and nothing provides. What it
    /// returns `None` for stays missing.
    ///
    /// ```
    /// # use nestrs::di::{Key, Provider};
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # use std::sync::Arc;
    /// # struct Mailer;
    /// #[injectable]
    /// struct Signup {
    ///     mailer: Arc<Mailer>,
    /// }
    ///
    /// #[module(providers = [Signup])]
    /// struct SignupModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<SignupModule>()
    ///     .use_mocker(|token| (token == Key::of::<Mailer>()).then(|| Provider::value(Mailer)))
    ///     .compile()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn use_mocker(
        self,
        mocker: impl Fn(Key) -> Option<Provider> + Send + Sync + 'static,
    ) -> Self {
        self.configure_graph(|graph| graph.mock_missing(mocker))
    }
}

//! Handlers and providers in modules of their own.

use std::sync::Arc;

use nestrs::core::{
    ClientStatus, Dispatch, RunningServer, Shutdown, StartError, StatusStream, TransportServer,
};
use nestrs::prelude::*;

use crate::common::{client, start};

/// Nobody but `UsersModule` sees it.
#[injectable]
struct UsersRepo {
    prefix: Arc<String>,
}

#[injectable]
struct UsersService {
    repo: Arc<UsersRepo>,
}

impl UsersService {
    fn name(&self, id: u32) -> String {
        format!("{}{id}", self.repo.prefix)
    }
}

/// Neither exported nor listed in `providers`.
#[injectable]
struct UsersHandlers {
    users: Arc<UsersService>,
}

#[micro_routes]
impl UsersHandlers {
    #[message_pattern("users.name")]
    async fn name(&self, id: u32) -> String {
        self.users.name(id)
    }
}

#[module(
    providers = [UsersRepo, UsersService, Provider::value(String::from("user-"))],
    microservices = [UsersHandlers],
    exports = [UsersService],
)]
struct UsersModule;

#[injectable]
struct Greeter {
    users: Arc<UsersService>,
}

#[micro_routes]
impl Greeter {
    #[message_pattern("greet")]
    async fn greet(&self, id: u32) -> String {
        format!("hello, {}", self.users.name(id))
    }
}

#[module(imports = [UsersModule], providers = [Greeter], microservices = [Greeter])]
struct GreeterModule;

/// Imports the users twice, once by way of the greeter.
#[module(imports = [GreeterModule, UsersModule])]
struct AppModule;

#[tokio::test]
async fn handlers_of_imported_modules_serve() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let name = client.send::<_, String>("users.name", &7).await;
    assert_eq!(name.as_deref(), Ok("user-7"));
}

#[tokio::test]
async fn what_an_exported_provider_needs_may_be_private() {
    let app = start::<AppModule>().await;
    let greeting = client(&app).send::<_, String>("greet", &7).await;
    assert_eq!(greeting.as_deref(), Ok("hello, user-7"));
    let greeter = app.get::<Greeter>().unwrap();
    assert!(
        Arc::ptr_eq(&greeter.users, &app.get().unwrap()),
        "one instance"
    );
}

#[tokio::test]
async fn private_means_private() {
    #[injectable]
    struct Nosy {
        _repo: Arc<UsersRepo>,
    }
    #[module(imports = [UsersModule], providers = [Nosy])]
    struct NosyModule;

    let report = NosyModule::verify().unwrap_err().to_string();
    assert!(
        report.contains("`Nosy` needs `UsersRepo`, which is private to `UsersModule`"),
        "{report}"
    );
}

/// Listens to nobody, and keeps what the service is called.
struct Named(tokio::sync::oneshot::Sender<Option<String>>);

#[async_trait]
impl TransportServer for Named {
    fn transport(&self) -> &'static str {
        "named"
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        self.0.send(dispatch.service().map(str::to_owned)).unwrap();
        Ok(RunningServer {
            address: "named".to_owned(),
            local_addr: None,
            status: StatusStream::always(ClientStatus::Connected),
            done: Box::pin(async move { shutdown.stopping().await }),
        })
    }
}

#[tokio::test]
async fn a_service_is_called_by_its_root_module() {
    let (asked, name) = tokio::sync::oneshot::channel();
    let app = NestFactory::create_microservice::<AppModule>(Named(asked));
    let app = app.start().await.unwrap();
    let name = name.await.unwrap();
    assert_eq!(name.as_deref(), Some("messages::modules::AppModule"));
    app.shutdown().await;
}

//! [`ClientsModule`]: clients as part of an application.

use std::future::ready;
use std::sync::Arc;

use nestrs_core::TransportError;
use nestrs_di::{
    DynamicModule, DynamicModuleBuilder, FactoryFn, HookError, OnApplicationShutdown, Provider,
    injectable,
};

use crate::client::{ClientConfig, ClientProxy, ClientsService};

/// Makes clients injectable.
///
/// ```
/// # use nestrs_microservices::{Transport, TransportError, async_trait};
/// # use serde_json::Value;
/// # struct MyTransport;
/// # #[async_trait]
/// # impl Transport for MyTransport {
/// #     async fn send_json(&self, _: &str, _: Value) -> Result<Value, TransportError> { Ok(Value::Null) }
/// #     async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> { Ok(()) }
/// # }
/// use nestrs_di::{Module, injectable, module};
/// use nestrs_microservices::{ClientConfig, ClientProxy, ClientsModule};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Checkout {
///     billing: Arc<ClientProxy>,
/// }
///
/// #[module(
///     imports = [ClientsModule::register(&[ClientConfig::new("billing", Arc::new(MyTransport))])],
///     providers = [Checkout],
/// )]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
///
/// With several clients, ask for one by its name: `#[inject("billing")] billing:
/// Arc<ClientProxy>`, or look it up in [`ClientsService`].
#[derive(Debug, Clone, Copy)]
pub struct ClientsModule;

impl ClientsModule {
    /// A module that exports
    ///
    /// - [`ClientsService`], with all of the clients,
    /// - each client as the [`ClientProxy`] of its name,
    /// - if there is exactly one, that as the [`ClientProxy`] without a name.
    ///
    /// They are closed when the application shuts down, after its servers have
    /// drained.
    ///
    /// See [`ClientsModule`] for an example.
    ///
    /// # Panics
    ///
    /// When a client's name is empty or comes twice.
    #[track_caller]
    pub fn register(configs: &[ClientConfig]) -> DynamicModule {
        let names: Vec<_> = configs.iter().map(|config| config.name).collect();
        assert_names(&names);
        module(&names, Provider::value(ClientsService::of(configs))).build()
    }

    /// As [`register`](Self::register), with clients that a factory makes, from
    /// what it asks for: see [`Provider::factory`]. What it asks for comes from
    /// what is imported here.
    ///
    #[cfg_attr(feature = "tcp", doc = "```")]
    #[cfg_attr(not(feature = "tcp"), doc = "```ignore")]
    /// use nestrs_di::{Module, Provider, injectable, module};
    /// use nestrs_microservices::{ClientConfig, ClientProxy, ClientsModule, TcpTransportOptions};
    /// use std::sync::Arc;
    ///
    /// struct Config {
    ///     billing: String,
    /// }
    ///
    /// #[module(
    ///     providers = [Provider::value(Config { billing: "billing:3001".to_owned() })],
    ///     exports = [Config],
    /// )]
    /// struct ConfigModule;
    ///
    /// #[injectable]
    /// struct Checkout {
    ///     #[inject("billing")]
    ///     billing: Arc<ClientProxy>,
    /// }
    ///
    /// #[module(
    ///     imports = [
    ///         ClientsModule::register_async(["billing"], |config: Arc<Config>| async move {
    ///             let options = TcpTransportOptions::new(&config.billing);
    ///             Ok::<_, std::io::Error>(vec![ClientConfig::tcp("billing", options)])
    ///         })
    ///         .import(ConfigModule),
    ///     ],
    ///     providers = [Checkout],
    /// )]
    /// struct AppModule;
    ///
    /// AppModule::verify().unwrap();
    /// ```
    ///
    /// A factory that makes other clients than those of `names` fails the
    /// start of the application.
    ///
    /// # Panics
    ///
    /// When a name is empty or comes twice.
    #[track_caller]
    pub fn register_async<const N: usize, F, Args>(
        names: [&'static str; N],
        factory: F,
    ) -> DynamicModuleBuilder
    where
        F: FactoryFn<Args, Value = Vec<ClientConfig>>,
    {
        assert_names(&names);
        let service = Provider::factory(move |configs: Arc<Vec<ClientConfig>>| {
            ready(assert_made(&names, &configs).map(|()| ClientsService::of(&configs)))
        });
        module(&names, service).provide(Provider::factory(factory))
    }
}

/// Closes clients once the application has no more use for them.
#[injectable]
struct ClosesClients {
    clients: Arc<ClientsService>,
}

impl OnApplicationShutdown for ClosesClients {
    async fn on_application_shutdown(&self, _: Option<&str>) -> Result<(), HookError> {
        self.clients.close().await;
        Ok(())
    }
}

#[track_caller]
fn module(names: &[&'static str], service: Provider) -> DynamicModuleBuilder {
    // Of the service, so that a client that is replaced there is replaced everywhere.
    let client = |name| {
        let get = move |clients: Arc<ClientsService>| Ok::<_, TransportError>(clients.expect(name));
        Provider::factory(move |clients| ready(get(clients)))
    };
    let mut module = DynamicModule::builder("ClientsModule");
    for name in names {
        module = module.provide(client(name).named(name));
    }
    if let [only] = names {
        module = module.provide(client(only));
    }
    if !names.is_empty() {
        module = module.export::<ClientProxy>();
    }
    module
        .provide(service)
        .export::<ClientsService>()
        .provide_type::<ClosesClients>()
}

fn assert_made(names: &[&'static str], configs: &[ClientConfig]) -> Result<(), TransportError> {
    let mut promised = names.to_vec();
    let mut made: Vec<_> = configs.iter().map(|config| config.name).collect();
    promised.sort_unstable();
    made.sort_unstable();
    match promised == made {
        true => Ok(()),
        false => Err(TransportError::new(format!(
            "the factory of `ClientsModule::register_async` made the clients {made:?} \
             where {promised:?} were promised: return a `ClientConfig` for each name"
        ))),
    }
}

#[track_caller]
fn assert_names(names: &[&'static str]) {
    for (i, name) in names.iter().enumerate() {
        assert!(
            !name.is_empty(),
            "the client at place {i} of `ClientsModule` has an empty name: \
             `ClientsService` finds clients by name"
        );
        assert!(
            !names[..i].contains(name),
            "two clients of `ClientsModule` are called `{name}`: give each a name of its own"
        );
    }
}

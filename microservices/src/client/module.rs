//! [`ClientsModule`]: clients as part of an application.

use nestrs_di::{DynamicModule, Provider};

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
    /// See [`ClientsModule`] for an example.
    ///
    /// # Panics
    ///
    /// When a client's name is empty or comes twice.
    #[track_caller]
    pub fn register(configs: &[ClientConfig]) -> DynamicModule {
        assert_names(configs);
        let mut module = DynamicModule::builder("ClientsModule");
        let mut clients = Vec::new();
        for ClientConfig { name, transport } in configs {
            let client = ClientProxy::new(transport.clone());
            module = module.provide(Provider::value(client.clone()).named(name));
            clients.push((*name, client));
        }
        if let [(_, only)] = &clients[..] {
            module = module.provide(Provider::value(only.clone()));
        }
        if !clients.is_empty() {
            module = module.export::<ClientProxy>();
        }
        module
            .provide(Provider::value(ClientsService::new(clients)))
            .export::<ClientsService>()
            .build()
    }
}

#[track_caller]
fn assert_names(configs: &[ClientConfig]) {
    for (i, ClientConfig { name, .. }) in configs.iter().enumerate() {
        assert!(
            !name.is_empty(),
            "the client at place {i} of `ClientsModule::register` has an empty name: \
             `ClientsService` finds clients by name"
        );
        assert!(
            configs[..i].iter().all(|earlier| earlier.name != *name),
            "two clients of `ClientsModule::register` are called `{name}`: \
             give each a name of its own"
        );
    }
}

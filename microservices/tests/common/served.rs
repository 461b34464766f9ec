//! An application that serves in memory, and a client of it.

use std::sync::Arc;

use futures_util::StreamExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Dispatch, Shutdown, TransportServer};
use nestrs_di::{Container, Graph, Module, ModuleDefinition};
use nestrs_microservices::{BoundHandler, ClientProxy, Dispatcher, DispatcherBuilder, MicroRoutes};
use nestrs_transport_memory::{
    MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
};
use serde_json::Value;

/// What `#[module(providers = […], microservices = […])]` writes.
macro_rules! module_of {
    ($module:ident: $($service:ty),+ $(; $($provider:expr),+ $(,)?)?) => {
        struct $module;
        impl nestrs_di::Module for $module {
            fn definition() -> nestrs_di::ModuleDefinition {
                let definition = nestrs_di::ModuleDefinition::of::<Self>()
                    $($(.provide($provider))+)?;
                $(let definition = nestrs_microservices::microservice::<$service>(definition);)+
                definition
            }
        }
    };
}
pub(crate) use module_of;

pub(crate) struct Served {
    pub(crate) client: ClientProxy,
    pub(crate) container: Container,
    pub(crate) hub: MemoryHub,
    shutdown: Shutdown,
    done: BoxFuture<'static, ()>,
}

/// An application as it is unless told otherwise.
pub(crate) async fn serve<M: Module>() -> Served {
    serve_with::<M>(|builder| builder).await
}

/// One whose handlers are bound in another way.
pub(crate) async fn serve_with<M: Module>(
    build: impl FnOnce(DispatcherBuilder<'_>) -> DispatcherBuilder<'_>,
) -> Served {
    let container = construct::<M>().await;
    let dispatcher = build(Dispatcher::builder(&container)).build().unwrap();
    listen(container, Arc::new(dispatcher), 4_096).await
}

/// A dispatch that serves, no more than so many messages at a time.
pub(crate) async fn listen(
    container: Container,
    dispatch: Arc<dyn Dispatch>,
    max_in_flight: usize,
) -> Served {
    let hub = MemoryHub::new();
    let options = MemoryMicroserviceOptions {
        max_in_flight,
        ..MemoryMicroserviceOptions::new(&hub)
    };
    let shutdown = Shutdown::new();
    let running = Box::new(options).start(dispatch, shutdown.clone()).await;
    let transport = MemoryTransport::new(MemoryTransportOptions::new(&hub));
    Served {
        client: ClientProxy::new(Arc::new(transport)),
        container,
        hub,
        shutdown,
        done: running.unwrap().done,
    }
}

/// Handlers of one instance, without a container.
pub(crate) async fn serve_instance<T: MicroRoutes>(service: T) -> Served {
    struct Empty;
    impl Module for Empty {
        fn definition() -> ModuleDefinition {
            ModuleDefinition::of::<Self>()
        }
    }
    let handlers = BoundHandler::all_of(&Arc::new(service));
    let dispatcher = Dispatcher::new(handlers).unwrap();
    listen(construct::<Empty>().await, Arc::new(dispatcher), 4_096).await
}

pub(crate) async fn construct<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

impl Served {
    /// All replies as text, `!message` for an error, `-` for none at all.
    pub(crate) async fn replies(&self, pattern: &str, payload: Value) -> String {
        let replies = self.client.send_stream::<_, Value>(pattern, &payload).await;
        let show = |reply: Result<Value, _>| match reply {
            Ok(value) => value.to_string(),
            Err(error) => format!("!{error}"),
        };
        let shown: Vec<_> = replies.unwrap().map(show).collect().await;
        match shown.is_empty() {
            true => "-".to_owned(),
            false => shown.join(" "),
        }
    }

    /// Finishes what is in hand.
    pub(crate) async fn drain(self) {
        self.shutdown.stop();
        self.done.await;
    }
}

//! From a container to a dispatcher: what `microservices = […]` of a module
//! leaves behind, and what becomes of it once the application is built.
//!
//! Aside from a message's path: this runs before the first of them.

use std::fmt;
use std::sync::Arc;

use nestrs_di::{Container, Injectable, Instance, Key, ModuleDefinition};

use crate::dispatcher::Dispatcher;
use crate::error::BindError;
use crate::handler::MicroRoutes;
use crate::pipeline::BoundHandler;

/// What a module keeps of a type in its `microservices`.
#[derive(Clone, Copy)]
pub struct HandlerTable {
    key: Key,
    bind: fn(Instance) -> Vec<BoundHandler>,
}

impl HandlerTable {
    /// The table of `T`.
    pub fn of<T: MicroRoutes>() -> Self {
        Self {
            key: Key::of::<T>(),
            bind: |instance| {
                let instance: Option<Arc<T>> = instance.downcast().ok();
                instance.iter().flat_map(BoundHandler::all_of).collect()
            },
        }
    }
}

impl fmt::Debug for HandlerTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandlerTable").field(&self.key).finish()
    }
}

/// Lists `T` in the module's `microservices`: its handlers serve in every
/// application that has the module.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_core::Dispatch;
/// use nestrs_di::{Graph, Module, ModuleDefinition, injectable};
/// use nestrs_microservices::{Dispatcher, micro_routes, microservice};
///
/// #[injectable]
/// struct MathService;
///
/// #[micro_routes]
/// impl MathService {
///     #[message_pattern("math.double")]
///     async fn double(&self, n: i64) -> i64 {
///         2 * n
///     }
/// }
///
/// // What `#[module(microservices = [MathService])]` writes.
/// struct AppModule;
/// impl Module for AppModule {
///     fn definition() -> ModuleDefinition {
///         microservice::<MathService>(ModuleDefinition::of::<Self>())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(Dispatcher::of(&container).unwrap().routes(), ["math.double"]);
/// # }
/// ```
#[track_caller]
pub fn microservice<T: MicroRoutes + Injectable>(definition: ModuleDefinition) -> ModuleDefinition {
    definition
        .provide_type_once::<T>()
        .attach(HandlerTable::of::<T>())
}

impl Dispatcher {
    /// A dispatcher to all handlers of an application. See [`microservice`] for
    /// an example.
    ///
    /// # Errors
    ///
    /// All patterns that have several message handlers, or a type without an
    /// instance.
    pub fn of(container: &Container) -> Result<Self, BindError> {
        let mut handlers = Vec::new();
        for (module, table) in container.attachments::<HandlerTable>() {
            let Some(instance) = container.get_in(module, table.key) else {
                return Err(BindError::NoInstance {
                    provider: table.key.type_name(),
                    module: container.module_name(module).to_owned(),
                });
            };
            handlers.extend((table.bind)(instance));
        }
        Self::new(handlers)
    }
}

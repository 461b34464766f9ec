//! What `microservices = […]` of a module leaves behind, and how it becomes
//! handlers once the application is built.
//!
//! Aside from a message's path: this runs before the first of them. It goes on
//! in [`crate::builder`].

use std::fmt;
use std::sync::Arc;

use nestrs_di::{Arity, Dependency, Injectable, Instance, Key, ModuleDefinition, Request};

use crate::declared::{Declared, HandlersHaveAll, OneHandlerPerPattern};
use crate::enhancer::{
    Chain, Enhancers, GlobalEnhancers, Level, Messages, ModuleEnhancers, Protocol,
};
use crate::error::BindError;
use crate::finish::Finish;
use crate::handler::{Call, HandlerName, MicroRoutes};
use crate::home::{Home, downcast};
use crate::pipeline::BoundHandler;
use crate::running::BoundCall;

/// What a module keeps of a type in its `microservices`.
#[derive(Clone, Copy)]
pub struct HandlerTable {
    pub(crate) key: Key,
    pub(crate) declared: fn() -> Vec<Declared>,
    pub(crate) bind: fn(Option<Instance>, &Binding<'_>) -> Result<Vec<BoundHandler>, BindError>,
}

impl HandlerTable {
    /// The table of `T`.
    pub fn of<T: MicroRoutes>() -> Self {
        Self {
            key: Key::of::<T>(),
            declared: Declared::all_of::<T>,
            bind: |instance, binding| {
                let service = match instance.and_then(|instance| instance.downcast().ok()) {
                    Some(instance) => Service::Ready(instance),
                    None => Service::OfRequest(Key::of::<T>()),
                };
                BoundHandler::bind::<T>(&service, binding)
            },
        }
    }
}

impl fmt::Debug for HandlerTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HandlerTable").field(&self.key).finish()
    }
}

/// Whose methods are called: one instance, or one for each message.
pub(crate) enum Service<T> {
    Ready(Arc<T>),
    OfRequest(Key),
}

impl<T: Send + Sync + 'static> Service<T> {
    pub(crate) fn call(&self, call: Call<T>) -> Box<BoundCall> {
        match self {
            Self::Ready(instance) => {
                let instance = Arc::clone(instance);
                Box::new(move |message, handling| {
                    call(Arc::clone(&instance), message, Finish::of(handling))
                })
            }
            Self::OfRequest(key) => {
                let key = *key;
                Box::new(move |message, handling| {
                    handling.around(message, move |message| async move {
                        let instance = message.instance(key).await.and_then(downcast)?;
                        Messages::flat(Ok(call(instance, message, Finish::NONE).0.await))
                    })
                })
            }
        }
    }
}

/// What the handlers of one table are bound with.
pub(crate) struct Binding<'a> {
    pub(crate) global: &'a GlobalEnhancers,
    pub(crate) module: Option<Arc<ModuleEnhancers>>,
    pub(crate) home: Option<Home>,
    pub(crate) expose_errors: bool,
}

impl Default for Binding<'_> {
    fn default() -> Self {
        const NONE: &GlobalEnhancers = &GlobalEnhancers::NONE;
        Self {
            global: NONE,
            module: None,
            home: None,
            expose_errors: false,
        }
    }
}

impl Binding<'_> {
    pub(crate) fn chain(
        &self,
        levels: [Enhancers; 2],
        handler: HandlerName,
    ) -> Result<Chain, BindError> {
        let module = self.module.as_deref().map(ModuleEnhancers::level);
        let levels: Vec<_> = module
            .into_iter()
            .chain(levels.into_iter().map(Level::from))
            .collect();
        Chain::bind(self.global, &levels, self.home.as_ref())
            .map_err(|key| self.missing(key, handler))
    }

    /// Whether one of `dependencies` is made for each message.
    pub(crate) fn needs_request<'k>(
        &self,
        dependencies: impl Iterator<Item = &'k Key>,
        handler: HandlerName,
    ) -> Result<bool, BindError> {
        let Some(Home {
            container, module, ..
        }) = &self.home
        else {
            return Ok(false);
        };
        let mut needs_request = false;
        for key in dependencies {
            if container.needs_scope(*module, *key) {
                needs_request = true;
            } else if container.get_in(*module, *key).is_none() {
                return Err(self.missing(*key, handler));
            }
        }
        Ok(needs_request)
    }

    fn missing(&self, key: Key, handler: HandlerName) -> BindError {
        let home = self.home.as_ref();
        let module = home.map(|home| home.container.module_name(home.module).to_owned());
        BindError::NotProvided {
            provider: key.type_name(),
            handler,
            module: module.unwrap_or_default(),
        }
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
    let mut definition = definition.provide_type_once::<T>();
    for handler in T::HANDLERS {
        let asked = handler.dependencies.iter().flatten();
        let asked = asked.map(|key| Dependency {
            request: Request::new(*key, Arity::Call),
            written: "as a parameter of this handler",
            at: handler.at,
        });
        definition = handler.enhancers.provide(definition).calls_ask::<T>(asked);
    }
    T::ENHANCERS
        .provide(definition)
        .attach(HandlerTable::of::<T>())
        .check::<OneHandlerPerPattern>()
        .check::<HandlersHaveAll>()
}

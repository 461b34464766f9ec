//! From a container to a dispatcher: what `microservices = […]` of a module
//! leaves behind, and what becomes of it once the application is built.
//!
//! Aside from a message's path: this runs before the first of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use nestrs_core::{MessageKind, Wildcards};
use nestrs_di::{
    Code, Container, Finding, Graph, GraphCheck, Injectable, Instance, Key, ModuleDefinition,
};

use crate::dispatcher::Dispatcher;
use crate::enhancer::{BoundCall, Chain, Enhancers, GlobalEnhancers, ModuleEnhancers};
use crate::error::{BindError, Conflict};
use crate::handler::{Call, HandlerName, MicroRoutes};
use crate::incoming::{Home, downcast};
use crate::pipeline::BoundHandler;

/// What a module keeps of a type in its `microservices`.
#[derive(Clone, Copy)]
pub struct HandlerTable {
    key: Key,
    declared: fn() -> Vec<Declared>,
    bind: fn(Option<Instance>, &Binding<'_>) -> Result<Vec<BoundHandler>, BindError>,
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

/// A message handler, before there is an instance to call.
struct Declared {
    name: HandlerName,
    route: String,
    transport: Option<&'static str>,
}

impl Declared {
    fn all_of<T: MicroRoutes>() -> Vec<Self> {
        let patterns = T::HANDLERS.iter().flat_map(|handler| {
            let name = HandlerName::of::<T>(handler.method, handler.at);
            handler.patterns.iter().map(move |pattern| (name, pattern))
        });
        let answered = patterns.filter(|(_, pattern)| pattern.kind == MessageKind::Request);
        let declared = answered.map(|(name, pattern)| Self {
            name,
            route: pattern.pattern.to_pattern().into_string(),
            transport: pattern.transport,
        });
        declared.collect()
    }

    /// Whether there can be a server to which both answer.
    fn meets(&self, other: &Self) -> bool {
        let transports = [self.transport, other.transport];
        self.route == other.route
            && (transports.contains(&None) || self.transport == other.transport)
    }
}

/// Finds patterns with two message handlers before anything is constructed.
struct OneHandlerPerPattern;

impl GraphCheck for OneHandlerPerPattern {
    fn check(graph: &Graph) -> Vec<Finding> {
        let mut seen = HashMap::<String, Vec<Declared>>::new();
        let mut findings = Vec::new();
        for (module, table) in graph.attachments::<HandlerTable>() {
            for declared in (table.declared)() {
                let others = seen.entry(declared.route.clone()).or_default();
                if let Some(first) = others.iter().find(|other| other.meets(&declared)) {
                    let conflict = Conflict {
                        route: declared.route.clone(),
                        handlers: [first.name, declared.name],
                    };
                    let finding = Finding::error(Code::Conflict, conflict.problem())
                        .site(declared.name.at, "handled here")
                        .site(first.name.at, "and here")
                        .path(graph.path_to(module))
                        .fix(conflict.fix());
                    findings.push(finding);
                }
                others.push(declared);
            }
        }
        findings
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
                Box::new(move |message| call(Arc::clone(&instance), message))
            }
            Self::OfRequest(key) => {
                let key = *key;
                Box::new(move |message| {
                    Box::pin(async move {
                        let instance = downcast(message.instance(key).await?)?;
                        call(instance, message).await
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
        Chain::bind(
            self.global,
            self.module.as_deref(),
            levels,
            self.home.as_ref(),
        )
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
    for enhancers in T::HANDLERS.iter().map(|handler| handler.enhancers) {
        definition = enhancers.provide(definition);
    }
    T::ENHANCERS
        .provide(definition)
        .attach(HandlerTable::of::<T>())
        .check::<OneHandlerPerPattern>()
}

/// How the handlers of an application are bound for one server. See
/// [`Dispatcher::builder`].
#[derive(Debug)]
#[must_use = "it is not built yet"]
pub struct DispatcherBuilder<'a> {
    container: &'a Container,
    global: GlobalEnhancers,
    transport: Option<&'static str>,
    wildcards: Option<Wildcards>,
    expose_errors: bool,
}

impl Dispatcher {
    /// A dispatcher to all handlers of an application. See [`microservice`] for
    /// an example.
    ///
    /// # Errors
    ///
    /// All patterns that have several message handlers, or something a handler
    /// needs that is not provided.
    pub fn of(container: &Container) -> Result<Self, BindError> {
        Self::builder(container).build()
    }

    /// As [`of`](Self::of), for a particular server or with enhancers around
    /// all handlers.
    ///
    /// ```
    /// # use nestrs_di::Container;
    /// # use nestrs_microservices::{BindError, Dispatcher};
    /// # fn example(container: &Container) -> Result<(), BindError> {
    /// let dispatcher = Dispatcher::builder(container).transport("tcp").expose_errors(true).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(container: &Container) -> DispatcherBuilder<'_> {
        DispatcherBuilder {
            container,
            global: GlobalEnhancers::default(),
            transport: None,
            wildcards: None,
            expose_errors: false,
        }
    }
}

impl DispatcherBuilder<'_> {
    /// Enhancers around all handlers.
    pub fn global(self, global: GlobalEnhancers) -> Self {
        Self { global, ..self }
    }

    /// Leaves out the handlers of other transports.
    pub fn transport(self, transport: &'static str) -> Self {
        Self {
            transport: Some(transport),
            ..self
        }
    }

    /// The wildcards that routes may have.
    pub fn wildcards(self, wildcards: Option<Wildcards>) -> Self {
        Self { wildcards, ..self }
    }

    /// Whether callers are told of errors that are the application's own
    /// fault: those of [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    pub fn expose_errors(self, expose_errors: bool) -> Self {
        Self {
            expose_errors,
            ..self
        }
    }

    /// Binds the handlers.
    ///
    /// # Errors
    ///
    /// As of [`Dispatcher::of`].
    pub fn build(self) -> Result<Dispatcher, BindError> {
        let container = self.container;
        let global = self.global.after_bound(container);
        let mut handlers = Vec::new();
        for (module, table) in container.attachments::<HandlerTable>() {
            let instance = container.get_in(module, table.key);
            if instance.is_none() && !container.needs_scope(module, table.key) {
                return Err(BindError::NoInstance {
                    provider: table.key.type_name(),
                    module: container.module_name(module).to_owned(),
                });
            }
            let binding = Binding {
                global: &global,
                module: ModuleEnhancers::of(container, module),
                home: Some(Home {
                    container: container.clone(),
                    module,
                    request: None,
                }),
                expose_errors: self.expose_errors,
            };
            handlers.extend((table.bind)(instance, &binding)?);
        }
        if let Some(ours) = self.transport {
            let is_ours = |handler: &BoundHandler| handler.transport().is_none_or(|t| t == ours);
            handlers.retain(is_ours);
        }
        Dispatcher::with_wildcards(handlers, self.wildcards)
    }
}
